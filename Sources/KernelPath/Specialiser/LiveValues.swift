/// What may still be read behind a place: registers, and bytes of the stack.
struct LiveValues: BitwiseCopyable, Equatable {
  private(set) var registers: UInt16 = 0
  private var stack:
    (
      UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64
    ) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

  static func == (left: Self, right: Self) -> Bool {
    left.registers == right.registers && left.stack.0 == right.stack.0 && left.stack.1 == right.stack.1
      && left.stack.2 == right.stack.2 && left.stack.3 == right.stack.3 && left.stack.4 == right.stack.4
      && left.stack.5 == right.stack.5 && left.stack.6 == right.stack.6 && left.stack.7 == right.stack.7
      && left.stack.8 == right.stack.8 && left.stack.9 == right.stack.9 && left.stack.10 == right.stack.10
      && left.stack.11 == right.stack.11
  }

  mutating func formUnion(_ other: Self) {
    registers |= other.registers
    stack.0 |= other.stack.0
    stack.1 |= other.stack.1
    stack.2 |= other.stack.2
    stack.3 |= other.stack.3
    stack.4 |= other.stack.4
    stack.5 |= other.stack.5
    stack.6 |= other.stack.6
    stack.7 |= other.stack.7
    stack.8 |= other.stack.8
    stack.9 |= other.stack.9
    stack.10 |= other.stack.10
    stack.11 |= other.stack.11
  }

  func contains(register: UInt8) -> Bool { registers &>> UInt16(register) & 1 != 0 }
  mutating func insert(register: UInt8) { registers |= 1 &<< UInt16(register) }
  mutating func insert(registers mask: UInt16) { registers |= mask }
  mutating func remove(registers mask: UInt16) { registers &= ~mask }

  /// A word of 64 bytes of the stack, a bit for each; the lowest bytes first.
  private subscript(_ index: Int) -> UInt64 {
    get {
      switch index {
      case 0: stack.0
      case 1: stack.1
      case 2: stack.2
      case 3: stack.3
      case 4: stack.4
      case 5: stack.5
      case 6: stack.6
      case 7: stack.7
      case 8: stack.8
      case 9: stack.9
      case 10: stack.10
      default: stack.11
      }
    }
    set {
      switch index {
      case 0: stack.0 = newValue
      case 1: stack.1 = newValue
      case 2: stack.2 = newValue
      case 3: stack.3 = newValue
      case 4: stack.4 = newValue
      case 5: stack.5 = newValue
      case 6: stack.6 = newValue
      case 7: stack.7 = newValue
      case 8: stack.8 = newValue
      case 9: stack.9 = newValue
      case 10: stack.10 = newValue
      default: stack.11 = newValue
      }
    }
  }

  /// Whether any of `count` bytes at an offset from the frame pointer is read.
  func contains(stack offset: Int, count: Int) -> Bool {
    var found = false
    Self.eachWord(offset, count) { word, mask in found = found || self[word] & mask != 0 }
    return found
  }
  mutating func insert(stack offset: Int, count: Int) { Self.eachWord(offset, count) { self[$0] |= $1 } }
  mutating func remove(stack offset: Int, count: Int) { Self.eachWord(offset, count) { self[$0] &= ~$1 } }
  mutating func insertStack() {
    stack = (.max, .max, .max, .max, .max, .max, .max, .max, .max, .max, .max, .max)
  }

  private static func eachWord(_ offset: Int, _ count: Int, _ body: (Int, UInt64) -> Void) {
    var from = max(0, AbstractState.stackBytes + offset)
    let end = min(AbstractState.stackBytes, AbstractState.stackBytes + offset + count)
    while from < end {
      let size = min(end - from, 64 - from & 63)
      body(from / 64, (size == 64 ? .max : 1 &<< UInt64(size) &- 1) &<< UInt64(from & 63))
      from += size
    }
  }

  /// A bit for each eight bytes of the stack of which any is read.
  var stackWords: UInt128 {
    var words: UInt128 = 0
    for index in 0..<AbstractState.stackBytes / 64 {
      let bytes = self[index]
      for word in 0..<8 where bytes &>> UInt64(8 * word) & 0xff != 0 { words |= 1 &<< UInt128(8 * index + word) }
    }
    return words
  }
}
