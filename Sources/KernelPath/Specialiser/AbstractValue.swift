/// What is known of a register, or of eight bytes of the stack, wherever a place in the program is reached.
struct AbstractValue: BitwiseCopyable, Equatable {
  enum Kind: UInt8 {
    /// Anything but a pointer into the stack. Its upper `bits` bits are 0.
    case unknown
    /// Those bytes that `mask` has a bit for are those of `bits`.
    case constant
    /// The frame pointer and `bits`.
    case stack
    /// A pointer into the image, `bits` behind its start.
    case image
    /// A pointer to a map, whose descriptor is `bits`.
    case map
    /// Anything: a pointer into the stack too.
    case anything
  }

  var kind: Kind
  /// Of a constant, the bytes that are known. All of them in a register.
  var mask: UInt8
  var bits: UInt64

  static let unknown = AbstractValue(kind: .unknown, mask: 0, bits: 0)
  static let anything = AbstractValue(kind: .anything, mask: 0, bits: 0)
  /// A number of at most so many bits.
  static func number(ofWidth width: Int) -> Self {
    AbstractValue(kind: .unknown, mask: 0, bits: UInt64(max(0, 64 - width)))
  }
  static func constant(_ bits: UInt64) -> Self { AbstractValue(kind: .constant, mask: 0xff, bits: bits) }
  static func stack(_ offset: Int) -> Self {
    AbstractValue(kind: .stack, mask: 0, bits: UInt64(bitPattern: Int64(offset)))
  }
  static func image(_ offset: Int) -> Self {
    AbstractValue(kind: .image, mask: 0, bits: UInt64(bitPattern: Int64(offset)))
  }

  /// All eight bytes.
  var constant: UInt64? { kind == .constant && mask == 0xff ? bits : nil }
  /// How many bits it can have.
  var width: Int {
    switch kind {
    case .unknown: 64 - Int(bits)
    case .constant: 64 - (constant ?? .max).leadingZeroBitCount
    case .stack, .image, .map, .anything: 64
    }
  }
  var offset: Int { Int(Int64(bitPattern: bits)) }
  var mayPointToStack: Bool { kind == .stack || kind == .anything }

  /// What is known where either is.
  func joined(with other: Self) -> Self {
    if self == other { return self }
    if kind == .constant, other.kind == .constant {
      var common: UInt8 = 0
      for byte in 0..<8 where (bits ^ other.bits) &>> UInt64(8 * byte) & 0xff == 0 { common |= 1 << UInt8(byte) }
      return Self.partly(mask & other.mask & common, bits)
    }
    if mayPointToStack || other.mayPointToStack { return .anything }
    return .number(ofWidth: max(width, other.width))
  }

  /// What a way to a block is told from others by: of numbers that are not known, not how many bits they have.
  func isSameWay(as other: Self) -> Bool { self == other || kind == .unknown && other.kind == .unknown }

  /// Some bytes of a word on the stack.
  private static func partly(_ mask: UInt8, _ bits: UInt64) -> Self {
    mask == 0 ? .unknown : AbstractValue(kind: .constant, mask: mask, bits: bits & spread(mask))
  }

  /// A bit for each byte as a byte for each.
  private static func spread(_ mask: UInt8) -> UInt64 {
    if mask == 0xff { return .max }
    var bytes: UInt64 = 0
    for byte in 0..<8 where mask &>> UInt8(byte) & 1 != 0 { bytes |= 0xff &<< UInt64(8 * byte) }
    return bytes
  }

  /// With `count` bytes from `first` on replaced; by something unknown where there is no value.
  func storing(_ value: UInt64?, at first: Int, count: Int) -> Self {
    let bytes = UInt8(truncatingIfNeeded: (1 << count) - 1) &<< UInt8(first)
    let (oldMask, oldBits) = kind == .constant ? (mask, bits) : (0, 0)
    guard let value else { return kind == .anything ? .anything : Self.partly(oldMask & ~bytes, oldBits) }
    let place = Self.spread(bytes)
    return Self.partly(oldMask | bytes, oldBits & ~place | value &<< UInt64(8 * first) & place)
  }

  /// `count` bytes from `first` on, zero extended; nil where not all are known.
  func loading(at first: Int, count: Int) -> UInt64? {
    let bytes = UInt8(truncatingIfNeeded: (1 << count) - 1) &<< UInt8(first)
    guard kind == .constant, mask & bytes == bytes else { return nil }
    return bits &>> UInt64(8 * first) & (count == 8 ? .max : 1 &<< UInt64(8 * count) &- 1)
  }
}
