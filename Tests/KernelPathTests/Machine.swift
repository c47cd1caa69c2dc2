/// Runs BPF programs to compare one with another. It has two helpers: a number, and a look-up in a map whose values are numbers made of
/// the key's eight bytes.
struct Machine {
  static let context: UInt64 = 0x1000_0000
  static let stack: UInt64 = 0x2000_0000
  static let image: UInt64 = 0x3000_0000

  /// What r1 points to: 64 bytes, which a program may read and write.
  private(set) var memory: [UInt8]
  private var stackBytes = [UInt8](repeating: 0xa5, count: 512)
  private let image: [UInt8]
  private var registers = [UInt64](repeating: 0, count: 11)

  init(memory: [UInt8], image: [UInt8]) {
    self.memory = memory
    self.image = image
  }

  /// Gives r0 at the end; nil where the program leaves its memory or does not end.
  mutating func run(_ words: [UInt64]) -> UInt64? {
    registers[1] = Self.context
    registers[10] = Self.stack + 512
    var place = 0
    for _ in 0..<10_000 {
      guard words.indices.contains(place) else { return nil }
      let word = words[place]
      let code = UInt8(truncatingIfNeeded: word)
      let destination = Int(word >> 8 & 15)
      let source = Int(word >> 12 & 15)
      let offset = Int(Int16(truncatingIfNeeded: word >> 16))
      let immediate = Int32(truncatingIfNeeded: word >> 32)
      place += 1
      switch code & 7 {
      case 0:
        let upper = words[place] >> 32
        place += 1
        registers[destination] = source == 2 ? Self.image + upper : UInt64(UInt32(bitPattern: immediate)) | upper << 32
      case 1:
        guard let value = load(registers[source] &+ UInt64(bitPattern: Int64(offset)), Self.size(code)) else {
          return nil
        }
        registers[destination] = value
      case 2, 3:
        let value = code & 7 == 2 ? UInt64(bitPattern: Int64(immediate)) : registers[source]
        guard store(value, registers[destination] &+ UInt64(bitPattern: Int64(offset)), Self.size(code)) else {
          return nil
        }
      case 4, 7: compute(code, destination, source, immediate)
      default:
        if code == 0x95 { return registers[0] }
        if code == 0x85 {
          guard call(immediate) else { return nil }
        } else if code == 0x05 {
          place += offset
        } else if code == 0x06 {
          place += Int(immediate)
        } else if isTaken(code, destination, source, immediate) {
          place += offset
        }
      }
    }
    return nil
  }

  private mutating func call(_ helper: Int32) -> Bool {
    switch helper {
    case 5: registers[0] = 0x1234_5678_9abc_def0
    case 1:
      guard let key = load(registers[2], 8) else { return false }
      registers[0] = (key ^ 0x5555) &* 0x9e37_79b9_7f4a_7c15
    default: return false
    }
    // What the kernel leaves there is nobody's.
    for register in 1..<6 { registers[register] = 0xdead_0000 + UInt64(register) }
    return true
  }

  private static func size(_ code: UInt8) -> Int { [4, 2, 1, 8][Int(code >> 3 & 3)] }

  private func load(_ address: UInt64, _ size: Int) -> UInt64? {
    let (bytes, base) =
      address >= Self.image
      ? (image, Self.image) : address >= Self.stack ? (stackBytes, Self.stack) : (memory, Self.context)
    guard address >= base, address - base + UInt64(size) <= UInt64(bytes.count) else { return nil }
    return (0..<size).reduce(0) { $0 | UInt64(bytes[Int(address - base) + $1]) << UInt64(8 * $1) }
  }

  private mutating func store(_ value: UInt64, _ address: UInt64, _ size: Int) -> Bool {
    for byte in 0..<size {
      let part = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
      if address >= Self.stack, address - Self.stack + UInt64(size) <= 512 {
        stackBytes[Int(address - Self.stack) + byte] = part
      } else if address >= Self.context, address - Self.context + UInt64(size) <= UInt64(memory.count) {
        memory[Int(address - Self.context) + byte] = part
      } else {
        return false
      }
    }
    return true
  }

  private mutating func compute(_ code: UInt8, _ destination: Int, _ source: Int, _ immediate: Int32) {
    let right = code & 8 != 0 ? registers[source] : UInt64(bitPattern: Int64(immediate))
    let left = registers[destination]
    if code & 0xf0 == 0xd0 {
      let bits = UInt64(immediate)
      let low = bits == 64 ? left : left & (1 << bits - 1)
      registers[destination] = code & 8 == 0 ? low : low.byteSwapped >> (64 - bits)
    } else if code & 7 == 7 {
      registers[destination] = Self.wide(code & 0xf0, left, right)
    } else {
      registers[destination] = UInt64(
        Self.narrow(code & 0xf0, UInt32(truncatingIfNeeded: left), UInt32(truncatingIfNeeded: right)))
    }
  }

  private static func wide(_ operation: UInt8, _ left: UInt64, _ right: UInt64) -> UInt64 {
    switch operation {
    case 0x00: left &+ right
    case 0x10: left &- right
    case 0x20: left &* right
    case 0x30: right == 0 ? 0 : left / right
    case 0x40: left | right
    case 0x50: left & right
    case 0x60: left << (right & 63)
    case 0x70: left >> (right & 63)
    case 0x80: ~left &+ 1
    case 0x90: right == 0 ? left : left % right
    case 0xa0: left ^ right
    case 0xb0: right
    default: UInt64(bitPattern: Int64(bitPattern: left) >> Int64(right & 63))
    }
  }

  private static func narrow(_ operation: UInt8, _ left: UInt32, _ right: UInt32) -> UInt32 {
    switch operation {
    case 0x60: left << (right & 31)
    case 0x70: left >> (right & 31)
    case 0xc0: UInt32(bitPattern: Int32(bitPattern: left) >> Int32(right & 31))
    default: UInt32(truncatingIfNeeded: wide(operation, UInt64(left), UInt64(right)))
    }
  }

  private func isTaken(_ code: UInt8, _ destination: Int, _ source: Int, _ immediate: Int32) -> Bool {
    var left = registers[destination]
    var right = code & 8 != 0 ? registers[source] : UInt64(bitPattern: Int64(immediate))
    var (signedLeft, signedRight) = (Int64(bitPattern: left), Int64(bitPattern: right))
    if code & 7 == 6 {
      (left, right) = (left & 0xffff_ffff, right & 0xffff_ffff)
      signedLeft = Int64(Int32(truncatingIfNeeded: left))
      signedRight = Int64(Int32(truncatingIfNeeded: right))
    }
    return switch code & 0xf0 {
    case 0x10: left == right
    case 0x20: left > right
    case 0x30: left >= right
    case 0x40: left & right != 0
    case 0x50: left != right
    case 0x60: signedLeft > signedRight
    case 0x70: signedLeft >= signedRight
    case 0xa0: left < right
    case 0xb0: left <= right
    case 0xc0: signedLeft < signedRight
    default: signedLeft <= signedRight
    }
  }
}
