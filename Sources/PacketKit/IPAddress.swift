/// An IP address of either family. IPv4 is held as its v4-mapped form (RFC 4291, 2.5.5.2), so both compare and hash alike.
@frozen public struct IPAddress: Hashable, Sendable {
  /// The first eight bytes as a number: the most significant byte comes first on the wire.
  public var high: UInt64
  /// The last eight bytes as a number.
  public var low: UInt64

  @inlinable public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// An IPv4 address from its number: 127.0.0.1 is `0x7f00_0001`.
  @inlinable public init(v4 number: UInt32) { self.init(high: 0, low: 0xffff_0000_0000 | UInt64(number)) }

  @inlinable public var isV4: Bool { high == 0 && low >> 32 == 0xffff }
  /// The IPv4 number; meaningful only where `isV4`.
  @inlinable public var v4: UInt32 { UInt32(truncatingIfNeeded: low) }

  @inlinable public var isLoopback: Bool { isV4 ? v4 >> 24 == 127 : high == 0 && low == 1 }
  @inlinable public var isUnspecified: Bool { high == 0 && (low == 0 || low == 0xffff_0000_0000) }
  @inlinable public var isMulticast: Bool { isV4 ? v4 >> 28 == 0xe : high >> 56 == 0xff }
  /// The limited broadcast address, 255.255.255.255 (RFC 919).
  @inlinable public var isBroadcast: Bool { low == 0xffff_ffff_ffff && high == 0 }
  /// fe80::/10: meaningful only together with an interface.
  @inlinable public var isLinkLocal: Bool { high >> 54 == 0x3fa }
}

/// An IP address, a UDP port and, for link-local IPv6, the interface it belongs to.
@frozen public struct SocketAddress: Hashable, Sendable {
  public var ip: IPAddress
  public var port: UInt16
  /// The index of the interface of a link-local address; 0 otherwise.
  public var scope: UInt32

  @inlinable public init(_ ip: IPAddress, port: UInt16, scope: UInt32 = 0) {
    self.ip = ip
    self.port = port
    self.scope = scope
  }
}
