import PacketKit

/// How `LoadBalancer` chooses an endpoint.
enum LoadBalancerPolicy: UInt8, BitwiseCopyable, Sendable {
  case roundRobin, random, hash, consistentHash

  /// Whether the choice depends on the packet's turn.
  @inline(__always) var takesTurns: Bool { self == .roundRobin || self == .random }
}

/// The packet program of `LoadBalancer`.
enum LoadBalancerProgram {
  /// `turn` is the number of the packet among all that this filter saw, and `seed` a random number that stays. A random choice is
  /// a function of both, so that a packet that comes to the filter a second time, on the other path, is sent where it was to go.
  @inline(__always) static func read<P: BalancedPacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ policy: LoadBalancerPolicy, turn: UInt64, seed: UInt64
  ) -> Verdict {
    let count = UInt64(packet.endpointCount)
    guard count != 0 else { return .drop(.noEndpoints) }
    switch policy {
    case .roundRobin: packet.addDestination(UInt32(truncatingIfNeeded: turn % count))
    case .random:
      // The high half of a 32-bit random number times the count: evenly below the count, without a division.
      let random = mix(seed &+ turn) >> 32
      packet.addDestination(UInt32(truncatingIfNeeded: (random &* count) >> 32))
    case .hash: packet.addDestination(UInt32(truncatingIfNeeded: packet.source.stableHash % count))
    case .consistentHash: _ = packet.addDestination(consistentlyFor: packet.source.ip.stableHash)
    }
    return .forward
  }
}
