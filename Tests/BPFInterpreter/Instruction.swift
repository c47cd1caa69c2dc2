/// Eight bytes of a program, as RFC 9669 divides them (section 3).
struct Instruction {
  let code: UInt8
  let destination: Int
  let source: Int
  let offset: Int
  let immediate: Int32

  init(_ word: UInt64) {
    code = UInt8(truncatingIfNeeded: word)
    destination = Int(word >> 8 & 15)
    source = Int(word >> 12 & 15)
    offset = Int(Int16(truncatingIfNeeded: word >> 16))
    immediate = Int32(truncatingIfNeeded: word >> 32)
  }

  enum Class: UInt8 {
    case wideLoad, load, storeImmediate, storeRegister, arithmetic32, jump, jump32, arithmetic64
  }

  var kind: Class { Class(rawValue: code & 7)! }
  /// Of arithmetic and of conditions, which one.
  var operation: UInt8 { code & 0xf0 }
  /// Of arithmetic and of conditions: the second operand is a register.
  var hasRegister: Bool { code & 8 != 0 }
  /// Of loads and stores: an atomic operation, and plain ones.
  var mode: UInt8 { code & 0xe0 }
  /// Of loads and stores, how many bytes.
  var size: Int { [4, 2, 1, 8][Int(code >> 3 & 3)] }
  /// Sign extended.
  var value: UInt64 { UInt64(bitPattern: Int64(immediate)) }
}
