/// What a jump depends on (RFC 9669, 4.3).
enum Condition: UInt8 {
  case equal = 0x10
  case greater = 0x20
  case greaterOrEqual = 0x30
  case anyBit = 0x40
  case notEqual = 0x50
  case signedGreater = 0x60
  case signedGreaterOrEqual = 0x70
  case less = 0xa0
  case lessOrEqual = 0xb0
  case signedLess = 0xc0
  case signedLessOrEqual = 0xd0

  /// - Parameter isWide: of all 64 bits; otherwise of the lower 32.
  func holds(_ left: UInt64, _ right: UInt64, isWide: Bool) -> Bool {
    if isWide { return holds(left, right, Int64(bitPattern: left), Int64(bitPattern: right)) }
    return holds(
      left & 0xffff_ffff, right & 0xffff_ffff, Int64(Int32(truncatingIfNeeded: left)),
      Int64(Int32(truncatingIfNeeded: right)))
  }

  private func holds(_ left: UInt64, _ right: UInt64, _ signedLeft: Int64, _ signedRight: Int64) -> Bool {
    switch self {
    case .equal: left == right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    case .anyBit: left & right != 0
    case .notEqual: left != right
    case .signedGreater: signedLeft > signedRight
    case .signedGreaterOrEqual: signedLeft >= signedRight
    case .less: left < right
    case .lessOrEqual: left <= right
    case .signedLess: signedLeft < signedRight
    case .signedLessOrEqual: signedLeft <= signedRight
    }
  }
}
