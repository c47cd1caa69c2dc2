import PacketKit

/// How `LoadBalancer` chooses an endpoint.
enum LoadBalancerPolicy: BitwiseCopyable, Sendable {
  case roundRobin, random, hash, consistentHash
}

/// The packet program of `LoadBalancer`.
enum LoadBalancerProgram {
  /// `turn` is the number of the packet among all that this filter saw; only `ROUND_ROBIN` looks at it.
  @inline(__always) static func read<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ policy: LoadBalancerPolicy, turn: UInt64
  ) -> Verdict {
    let count = UInt64(packet.endpointCount)
    guard count != 0 else { return .drop(.noEndpoints) }
    switch policy {
    case .roundRobin: packet.addDestination(UInt32(truncatingIfNeeded: turn % count))
    case .random:
      // The high half of a 32-bit random number times the count: evenly below the count, without a division.
      let random = packet.random() >> 32
      packet.addDestination(UInt32(truncatingIfNeeded: (random &* count) >> 32))
    case .hash: packet.addDestination(UInt32(truncatingIfNeeded: packet.source.stableHash % count))
    case .consistentHash: _ = packet.addDestination(consistentlyFor: packet.source.ip.stableHash)
    }
    return .forward
  }
}
