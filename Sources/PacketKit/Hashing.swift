// The hashes by which both paths choose an endpoint. They are part of what a user sees: the same client must reach the same
// endpoint whichever path serves it, and after a restart.

/// Mixes a word so that each input bit reaches all output bits (the finaliser of MurmurHash3).
@inlinable @inline(__always) public func mix(_ word: UInt64) -> UInt64 {
  var w = word
  w = (w ^ (w >> 33)) &* 0xff51_afd7_ed55_8ccd
  w = (w ^ (w >> 33)) &* 0xc4ce_b9fe_1a85_ec53
  return w ^ (w >> 33)
}

extension IPAddress {
  /// A hash that is the same in every process.
  @inlinable public var stableHash: UInt64 { mix(low ^ mix(high)) }
}

extension SocketAddress {
  /// A hash of address and port that is the same in every process.
  @inlinable public var stableHash: UInt64 { mix(ip.stableHash &+ UInt64(port)) }
}
