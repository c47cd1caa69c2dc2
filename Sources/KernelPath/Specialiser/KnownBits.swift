/// Which bits of a number are known, and what they are.
struct KnownBits: BitwiseCopyable, Equatable {
  /// A bit for each that is known.
  var mask: UInt64
  /// Those bits. The others are 0.
  var bits: UInt64

  static let none = KnownBits(mask: 0, bits: 0)
  static func constant(_ bits: UInt64) -> Self { KnownBits(mask: .max, bits: bits) }
  /// A number of at most so many bits.
  static func number(ofWidth width: Int) -> Self {
    KnownBits(mask: width >= 64 ? 0 : ~0 &<< UInt64(max(0, width)), bits: 0)
  }

  /// The number, where all of it is known.
  var constant: UInt64? { mask == .max ? bits : nil }
  /// The smallest number that it can be.
  var smallest: UInt64 { bits }
  /// The largest number that it can be. Also the bits that may be 1.
  var largest: UInt64 { bits | ~mask }
  /// How many bits it can have.
  var width: Int { 64 - largest.leadingZeroBitCount }

  /// What is known where either is.
  func joined(with other: Self) -> Self { Self.known(mask & other.mask & ~(bits ^ other.bits), bits) }

  /// The lower half, zero extended.
  var lowerHalf: Self { KnownBits(mask: mask | ~0 &<< 32, bits: bits & 0xffff_ffff) }

  private static func known(_ mask: UInt64, _ bits: UInt64) -> Self { KnownBits(mask: mask, bits: bits & mask) }

  /// Its lower `width` bits in a byte order, zero extended, on a little-endian machine.
  func inByteOrder(isBig: Bool, width: Int) -> Self {
    func ordered(_ bits: UInt64) -> UInt64 {
      (isBig ? bits.byteSwapped : bits &<< UInt64(64 - width)) &>> UInt64(64 - width)
    }
    return KnownBits(mask: ordered(mask) | Self.number(ofWidth: width).mask, bits: ordered(bits))
  }

  /// What is known of the result of arithmetic in 64 bits, or in 32, which are zero extended.
  static func result(_ operation: UInt8, _ left: Self, _ right: Self, isWide: Bool) -> Self {
    if isWide { return result(operation, left, right, bits: 64) }
    return result(operation, left.lowerHalf, right.lowerHalf, bits: 32).lowerHalf
  }

  private static func result(_ operation: UInt8, _ left: Self, _ right: Self, bits: UInt64) -> Self {
    switch operation {
    case Opcode.move: return right
    case Opcode.and:
      let zeros = left.mask & ~left.bits | right.mask & ~right.bits
      return known(left.mask & right.mask | zeros, left.bits & right.bits)
    case Opcode.or: return known(left.mask & right.mask | left.bits | right.bits, left.bits | right.bits)
    case Opcode.exclusiveOr: return known(left.mask & right.mask, left.bits ^ right.bits)
    case Opcode.add: return number(ofWidth: max(left.width, right.width) + 1)
    case Opcode.multiply: return right.constant == 0 ? .constant(0) : .none
    case Opcode.shiftLeft:
      guard let count = right.constant, count < bits else { return .none }
      return KnownBits(mask: left.mask &<< count | (1 &<< count &- 1), bits: left.bits &<< count)
    case Opcode.shiftRight:
      guard let count = right.constant, count < bits else { return number(ofWidth: left.width) }
      return KnownBits(mask: left.mask &>> count | ~(.max &>> count), bits: left.bits &>> count)
    default: return .none
    }
  }

  /// What a conditional jump does; nil where it depends on what is not known.
  static func isTaken(_ code: UInt8, _ left: Self, _ right: UInt64) -> Bool? {
    let isWide = code & Opcode.classMask == Opcode.jump
    let left = isWide ? left : left.lowerHalf
    let right = isWide ? right : right & 0xffff_ffff
    switch code & Opcode.operationMask {
    case Opcode.greater: return isGreater(left, right)
    case Opcode.lessOrEqual: return isGreater(left, right).map { !$0 }
    case Opcode.greaterOrEqual: return isLess(left, right).map { !$0 }
    case Opcode.less: return isLess(left, right)
    case Opcode.equal: return differs(left, right) ? false : nil
    case Opcode.notEqual: return differs(left, right) ? true : nil
    case Opcode.anyBit: return left.bits & right != 0 ? true : left.largest & right == 0 ? false : nil
    default: return nil
    }
  }

  private static func isGreater(_ left: Self, _ right: UInt64) -> Bool? {
    left.smallest > right ? true : left.largest <= right ? false : nil
  }

  private static func isLess(_ left: Self, _ right: UInt64) -> Bool? {
    left.largest < right ? true : left.smallest >= right ? false : nil
  }

  private static func differs(_ left: Self, _ right: UInt64) -> Bool { (left.bits ^ right) & left.mask != 0 }
}
