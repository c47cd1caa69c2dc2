/// What the machine computes from constants (RFC 9669, section 4).
enum ConstantArithmetic {
  /// The result of arithmetic in 64 bits, or in 32, which are zero extended. Nil for what is not known here.
  static func result(_ code: UInt8, _ left: UInt64, _ right: UInt64) -> UInt64? {
    if code & Opcode.classMask == Opcode.arithmetic64 { return wide(code & Opcode.operationMask, left, right) }
    return narrow(
      code & Opcode.operationMask, UInt32(truncatingIfNeeded: left), UInt32(truncatingIfNeeded: right)
    ).map(UInt64.init)
  }

  private static func wide(_ operation: UInt8, _ left: UInt64, _ right: UInt64) -> UInt64? {
    switch operation {
    case Opcode.add: left &+ right
    case Opcode.subtract: left &- right
    case Opcode.multiply: left &* right
    case Opcode.divide: right == 0 ? 0 : left / right
    case Opcode.remainder: right == 0 ? left : left % right
    case Opcode.or: left | right
    case Opcode.and: left & right
    case Opcode.exclusiveOr: left ^ right
    case Opcode.shiftLeft: left &<< right
    case Opcode.shiftRight: left &>> right
    case Opcode.shiftRightArithmetic: UInt64(bitPattern: Int64(bitPattern: left) &>> Int64(bitPattern: right & 63))
    case Opcode.negate: 0 &- left
    case Opcode.move: right
    default: nil
    }
  }

  private static func narrow(_ operation: UInt8, _ left: UInt32, _ right: UInt32) -> UInt32? {
    switch operation {
    case Opcode.add: left &+ right
    case Opcode.subtract: left &- right
    case Opcode.multiply: left &* right
    case Opcode.divide: right == 0 ? 0 : left / right
    case Opcode.remainder: right == 0 ? left : left % right
    case Opcode.or: left | right
    case Opcode.and: left & right
    case Opcode.exclusiveOr: left ^ right
    case Opcode.shiftLeft: left &<< right
    case Opcode.shiftRight: left &>> right
    case Opcode.shiftRightArithmetic: UInt32(bitPattern: Int32(bitPattern: left) &>> Int32(bitPattern: right & 31))
    case Opcode.negate: 0 &- left
    case Opcode.move: right
    default: nil
    }
  }

  /// Whether a conditional jump is taken.
  static func isTaken(_ code: UInt8, _ left: UInt64, _ right: UInt64) -> Bool {
    if code & Opcode.classMask == Opcode.jump {
      return holds(code & Opcode.operationMask, left, right, Int64(bitPattern: left), Int64(bitPattern: right))
    }
    let (left, right) = (UInt32(truncatingIfNeeded: left), UInt32(truncatingIfNeeded: right))
    return holds(
      code & Opcode.operationMask, UInt64(left), UInt64(right), Int64(Int32(bitPattern: left)),
      Int64(Int32(bitPattern: right)))
  }

  private static func holds(
    _ operation: UInt8, _ left: UInt64, _ right: UInt64, _ signedLeft: Int64, _ signedRight: Int64
  ) -> Bool {
    switch operation {
    case Opcode.equal: left == right
    case Opcode.notEqual: left != right
    case Opcode.greater: left > right
    case Opcode.greaterOrEqual: left >= right
    case Opcode.less: left < right
    case Opcode.lessOrEqual: left <= right
    case Opcode.signedGreater: signedLeft > signedRight
    case Opcode.signedGreaterOrEqual: signedLeft >= signedRight
    case Opcode.signedLess: signedLeft < signedRight
    case Opcode.signedLessOrEqual: signedLeft <= signedRight
    default: left & right != 0
    }
  }

  /// The condition with its operands exchanged; nil where there is none.
  static func exchanged(_ operation: UInt8) -> UInt8? {
    switch operation {
    case Opcode.equal, Opcode.notEqual, Opcode.anyBit: operation
    case Opcode.greater: Opcode.less
    case Opcode.less: Opcode.greater
    case Opcode.greaterOrEqual: Opcode.lessOrEqual
    case Opcode.lessOrEqual: Opcode.greaterOrEqual
    case Opcode.signedGreater: Opcode.signedLess
    case Opcode.signedLess: Opcode.signedGreater
    case Opcode.signedGreaterOrEqual: Opcode.signedLessOrEqual
    case Opcode.signedLessOrEqual: Opcode.signedGreaterOrEqual
    default: nil
    }
  }

  /// The condition that holds where this one does not; nil where there is none.
  static func inverted(_ operation: UInt8) -> UInt8? {
    switch operation {
    case Opcode.equal: Opcode.notEqual
    case Opcode.notEqual: Opcode.equal
    case Opcode.greater: Opcode.lessOrEqual
    case Opcode.lessOrEqual: Opcode.greater
    case Opcode.less: Opcode.greaterOrEqual
    case Opcode.greaterOrEqual: Opcode.less
    case Opcode.signedGreater: Opcode.signedLessOrEqual
    case Opcode.signedLessOrEqual: Opcode.signedGreater
    case Opcode.signedLess: Opcode.signedGreaterOrEqual
    case Opcode.signedGreaterOrEqual: Opcode.signedLess
    default: nil
    }
  }
}
