/// What an instruction computes (RFC 9669, 4.1), but for conversions of byte order.
enum Arithmetic: UInt8 {
  case add = 0x00
  case subtract = 0x10
  case multiply = 0x20
  case divide = 0x30
  case or = 0x40
  case and = 0x50
  case shiftLeft = 0x60
  case shiftRight = 0x70
  case negate = 0x80
  case remainder = 0x90
  case exclusiveOr = 0xa0
  case move = 0xb0
  case shiftRightArithmetic = 0xc0

  /// - Parameter isWide: in 64 bits; otherwise in 32, and the upper half of the result is zero.
  func result(_ left: UInt64, _ right: UInt64, isWide: Bool) -> UInt64 {
    if isWide { return result(left, right, shift: right & 63, signed: Int64(bitPattern: left)) }
    let (left, right) = (left & 0xffff_ffff, right & 0xffff_ffff)
    let signed = Int64(Int32(truncatingIfNeeded: left))
    return result(left, right, shift: right & 31, signed: signed) & 0xffff_ffff
  }

  private func result(_ left: UInt64, _ right: UInt64, shift: UInt64, signed: Int64) -> UInt64 {
    switch self {
    case .add: left &+ right
    case .subtract: left &- right
    case .multiply: left &* right
    case .divide: right == 0 ? 0 : left / right
    case .or: left | right
    case .and: left & right
    case .shiftLeft: left << shift
    case .shiftRight: left >> shift
    case .negate: 0 &- left
    case .remainder: right == 0 ? left : left % right
    case .exclusiveOr: left ^ right
    case .move: right
    case .shiftRightArithmetic: UInt64(bitPattern: signed >> Int64(shift))
    }
  }
}
