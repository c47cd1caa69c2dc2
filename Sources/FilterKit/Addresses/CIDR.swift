public import PacketKit

/// A block of addresses: a network and the number of bits that its members share (RFC 4632, RFC 4291).
///
/// An IPv4 block also holds the v4-mapped IPv6 form of its addresses, because `IPAddress` has but one form for both. An IPv6 block
/// holds no IPv4 address: `::/0` is all of IPv6, and `0.0.0.0/0` all of IPv4.
@frozen public struct CIDR: Hashable, Sendable {
  /// The first address of the block.
  public let network: IPAddress
  @usableFromInline let highMask: UInt64
  @usableFromInline let lowMask: UInt64

  /// The block of `prefixLength` bits that `address` lies in.
  ///
  /// The length counts the bits of the address's own family. It is cut to 32 for IPv4 and 128 for IPv6.
  public init(containing address: IPAddress, prefixLength: Int) {
    let bits = address.isV4 ? 96 + min(32, max(0, prefixLength)) : min(128, max(0, prefixLength))
    highMask = bits >= 64 ? .max : ~(.max >> UInt64(bits))
    lowMask = bits <= 64 ? 0 : ~(.max >> UInt64(bits - 64))
    network = IPAddress(high: address.high & highMask, low: address.low & lowMask)
  }

  /// A one for each bit that the addresses share, in the form of an address; for IPv4 in that of the v4-mapped one.
  public var mask: (high: UInt64, low: UInt64) { (highMask, lowMask) }

  /// The number of bits that the addresses share, of 32 for IPv4 and of 128 for IPv6.
  public var prefixLength: Int {
    highMask.leadingOnes + lowMask.leadingOnes - (network.isV4 ? 96 : 0)
  }

  /// Whether `address` lies in the block.
  @inlinable public func contains(_ address: IPAddress) -> Bool {
    ((address.high ^ network.high) & highMask) | ((address.low ^ network.low) & lowMask) == 0
      && address.isV4 == network.isV4
  }
}

extension CIDR: CustomStringConvertible {
  /// Reads `10.0.0.0/8`, `2001:db8::/32`, or one address. Bits behind the prefix must be zero.
  public init(_ text: String) throws(AddressError) {
    let (block, address) = try Self.containing(text)
    guard block.network == address else {
      throw AddressError(text, "has bits behind its prefix of \(block.prefixLength) (did you mean \(block)?)")
    }
    self = block
  }

  /// Reads the same where bits behind the prefix may be set, such as `192.0.2.1/24`: the block, and the address that is written.
  public static func containing(_ text: String) throws(AddressError) -> (block: CIDR, address: IPAddress) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let address: IPAddress
    do { address = try IPAddress(parts[0]) } catch { throw AddressError(text, error.reason) }
    guard parts.count == 2 else {
      return (CIDR(containing: address, prefixLength: 128), address)
    }
    // '::ffff:10.0.0.0/104' counts the bits of an IPv6 address and means 10.0.0.0/8.
    let isMapped = address.isV4 && parts[0].utf8.contains(UInt8(ascii: ":"))
    let range = isMapped ? 96...128 : address.isV4 ? 0...32 : 0...128
    let isDecimal = parts[1].utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    let hasLeadingZero = parts[1].utf8.count > 1 && parts[1].utf8.first == UInt8(ascii: "0")
    guard isDecimal, !hasLeadingZero, let length = Int(parts[1]), range.contains(length) else {
      throw AddressError(
        text,
        "must end with a prefix length from \(range.lowerBound) to \(range.upperBound), found \(excerpt(parts[1]))")
    }
    return (CIDR(containing: address, prefixLength: isMapped ? length - 96 : length), address)
  }

  public var description: String { "\(network)/\(prefixLength)" }
}

extension UInt64 {
  fileprivate var leadingOnes: Int { (~self).leadingZeroBitCount }
}
