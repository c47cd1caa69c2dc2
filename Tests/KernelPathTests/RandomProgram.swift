/// Programs without loops, from a seed: arithmetic, the image, the stack in words and in parts of words, pointers into the stack that
/// differ by the way they came, jumps, and calls of two helpers.
struct RandomProgram {
  private var seed: UInt64
  /// In units that jumps must not land within.
  private var units: [[UInt64]] = []
  private(set) var words: [UInt64] = []

  init(seed: UInt64) {
    self.seed = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    // r7 points to memory, r8 into the stack, where it is kept too; the others hold numbers.
    units.append(Assembly.copy(7, from: 1) + Assembly.copy(8, from: 10) + Assembly.add(8, -64))
    units[0] += Assembly.store(10, -72, 8)
    for register in UInt8(0)..<7 {
      units.append(next(2) == 0 ? Assembly.load(register, 7, Int16(8 * next(8))) : Assembly.set(register, small()))
    }
    for slot in 1...8 { units.append(Assembly.store(10, Int16(-8 * slot), UInt8(next(7)))) }
    for slot in 10...15 { units.append(Assembly.store(10, Int16(-8 * slot), UInt8(next(7)))) }
    for _ in 0..<20 + next(50) { units.append(unit()) }
    for register in UInt8(1)..<7 { units.append([Assembly.instruction(0xaf, 0, register)]) }
    for slot in Array(1...8) + Array(10...15) {
      units.append(Assembly.load(1, 10, Int16(-8 * slot)) + [Assembly.instruction(0x0f, 0, 1)])
    }
    units.append(Assembly.exit)
    link()
  }

  private mutating func next(_ bound: Int) -> Int {
    seed ^= seed << 13
    seed ^= seed >> 7
    seed ^= seed << 17
    return Int((seed >> 11) % UInt64(bound))
  }

  private mutating func small() -> Int32 { [0, 1, 2, 3, 8, 31, 32, 255, -1, -2, Int32.max, Int32.min][next(12)] }
  private mutating func register() -> UInt8 { UInt8(next(7)) }
  /// A size, and an offset from 0 that is aligned to it, below 32.
  private mutating func access() -> (size: UInt8, offset: Int16) {
    let (size, bytes) = [(0x00, 4), (0x08, 2), (0x10, 1), (0x18, 8)][next(4)]
    return (UInt8(size), Int16(next(32 / bytes) * bytes))
  }

  private mutating func unit() -> [UInt64] {
    let (size, offset) = access()
    switch next(15) {
    case 0: return Assembly.set(register(), small())
    case 1: return Assembly.copy(register(), from: register())
    case 2: return Assembly.image(9, Int32(next(2) * 32)) + Assembly.load(register(), 9, offset, size: size)
    case 3: return Assembly.store(10, -64 + offset, register(), size: size)
    case 4: return Assembly.load(register(), 10, -64 + offset, size: size)
    case 5: return Assembly.store(8, offset, register(), size: size)
    case 6: return Assembly.load(register(), 8, offset, size: size)
    case 7:
      let moved = Assembly.copy(8, from: 10) + Assembly.add(8, [-64, -32, -48][next(3)])
      return next(2) == 0 ? moved + Assembly.store(10, -72, 8) : moved
    case 8: return next(2) == 0 ? Assembly.load(8, 10, -72) : Assembly.store(7, offset, register(), size: size)
    case 9: return Assembly.load(register(), 7, offset, size: size)
    case 10:
      // A jump; where to is written later.
      let code = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0][next(11)]
      let code8 = UInt8(code) | (next(2) == 0 ? 5 : 6)
      return next(2) == 0
        ? [Assembly.instruction(code8 | 8, register(), register(), offset: -1)]
        : [Assembly.instruction(code8, register(), offset: -1, small())]
    case 11:
      return [Assembly.instruction([0xd4, 0xdc][next(2)], register(), 0, [16, 32, 64][next(3)])]
    case 12: return call()
    case 13: return Assembly.store(10, Int16(-80 - 8 * next(6)), register()) + Assembly.load(register(), 10, -88)
    default: return [arithmetic()]
    }
  }

  /// A call, behind which five registers have to be filled again: from what it gave, from the one that stays, and from the stack.
  private mutating func call() -> [UInt64] {
    var words: [UInt64] = []
    if next(2) == 0 {
      words += [Assembly.instruction(0x85, 0, 0, 5)]
    } else {
      words += Assembly.store(10, -136, register()) + Assembly.copy(2, from: 10) + Assembly.add(2, -136)
      words += [Assembly.instruction(0x18, 1, 1, 3), 0, Assembly.instruction(0x85, 0, 0, 1)]
    }
    for register in UInt8(1)..<6 {
      switch next(3) {
      case 0: words += Assembly.copy(register, from: next(2) == 0 ? 0 : 6)
      case 1: words += Assembly.load(register, 10, Int16(-8 * (1 + next(8))))
      default: words += Assembly.set(register, small())
      }
    }
    return words
  }

  private mutating func arithmetic() -> UInt64 {
    let operation = UInt8([0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0][next(12)])
    let width: UInt8 = next(2) == 0 ? 4 : 7
    if next(2) == 0 { return Assembly.instruction(operation | width | 8, register(), register()) }
    let isShift = operation == 0x60 || operation == 0x70 || operation == 0xc0
    let value = isShift ? Int32([0, 1, 8, 16, 31, 32, 56][next(width == 4 ? 5 : 7)]) : small()
    let isDivision = operation == 0x30 || operation == 0x90
    return Assembly.instruction(operation | width, register(), 0, isDivision && value == 0 ? 3 : value)
  }

  /// Puts the units in a row, and lets each jump lead to one of the next six.
  private mutating func link() {
    var starts: [Int] = []
    var start = 0
    for unit in units {
      starts.append(start)
      start += unit.count
    }
    for index in units.indices {
      for word in units[index] {
        let isJump = (word & 7 == 5 || word & 7 == 6) && word & 0xff != 0x95
        guard isJump else {
          words.append(word)
          continue
        }
        let target = starts[min(units.count - 1, index + 1 + next(6))]
        words.append(word & ~0xffff_0000 | UInt64(UInt16(target - words.count - 1)) << 16)
      }
    }
  }
}
