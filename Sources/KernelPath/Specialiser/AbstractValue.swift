/// What is known of a register, or of eight bytes of the stack, wherever a place in the program is reached.
struct AbstractValue: BitwiseCopyable, Equatable {
  enum Kind: UInt8 {
    /// Anything but a pointer into the stack. What is known of its bits does not tell one way to a block from another.
    case unknown
    /// Bytes that are known, of a word on the stack maybe not all.
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
  /// Of a number, a bit for each that is known.
  private var mask: UInt64
  var bits: UInt64

  static let unknown = AbstractValue(.unknown, .none)
  static let anything = AbstractValue(.anything, .none)
  static func number(_ known: KnownBits) -> Self { AbstractValue(.unknown, known) }
  static func constant(_ bits: UInt64) -> Self { AbstractValue(.constant, .constant(bits)) }
  static func stack(_ offset: Int) -> Self { pointer(.stack, offset) }
  static func image(_ offset: Int) -> Self { pointer(.image, offset) }
  static func map(descriptor: UInt64) -> Self { AbstractValue(.map, KnownBits(mask: 0, bits: descriptor)) }

  private static func pointer(_ kind: Kind, _ offset: Int) -> Self {
    AbstractValue(kind, KnownBits(mask: 0, bits: UInt64(bitPattern: Int64(offset))))
  }

  private init(_ kind: Kind, _ known: KnownBits) { (self.kind, mask, bits) = (kind, known.mask, known.bits) }

  /// What is known of it as a number.
  var known: KnownBits { kind == .unknown || kind == .constant ? KnownBits(mask: mask, bits: bits) : .none }
  /// All eight bytes.
  var constant: UInt64? { kind == .constant && mask == .max ? bits : nil }
  var offset: Int { Int(Int64(bitPattern: bits)) }
  var mayPointToStack: Bool { kind == .stack || kind == .anything }

  /// What is known where either is.
  func joined(with other: Self) -> Self {
    if self == other { return self }
    if kind == .constant, other.kind == .constant {
      var common: UInt64 = 0
      for byte in 0..<8 where (bits ^ other.bits) &>> UInt64(8 * byte) & 0xff == 0 {
        common |= 0xff &<< UInt64(8 * byte)
      }
      return Self.partly(mask & other.mask & common, bits)
    }
    if mayPointToStack || other.mayPointToStack { return .anything }
    return .number(known.joined(with: other.known))
  }

  /// Whether both come to a block by the same way.
  func isSameWay(as other: Self) -> Bool { self == other || kind == .unknown && other.kind == .unknown }

  /// Some bytes of a word on the stack.
  private static func partly(_ mask: UInt64, _ bits: UInt64) -> Self {
    mask == 0 ? .unknown : AbstractValue(.constant, KnownBits(mask: mask, bits: bits & mask))
  }

  /// A bit for each of `count` bytes from `first` on.
  private static func place(_ first: Int, _ count: Int) -> UInt64 {
    (count == 8 ? .max : 1 &<< UInt64(8 * count) &- 1) &<< UInt64(8 * first)
  }

  /// With `count` bytes from `first` on replaced; by something unknown where there is no value.
  func storing(_ value: UInt64?, at first: Int, count: Int) -> Self {
    let place = Self.place(first, count)
    let (oldMask, oldBits) = kind == .constant ? (mask, bits) : (0, 0)
    guard let value else { return kind == .anything ? .anything : Self.partly(oldMask & ~place, oldBits) }
    return Self.partly(oldMask | place, oldBits & ~place | value &<< UInt64(8 * first) & place)
  }

  /// `count` bytes from `first` on, zero extended; nil where not all are known.
  func loading(at first: Int, count: Int) -> UInt64? {
    let place = Self.place(first, count)
    guard kind == .constant, mask & place == place else { return nil }
    return (bits & place) &>> UInt64(8 * first)
  }
}
