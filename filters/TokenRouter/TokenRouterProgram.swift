import PacketKit

/// The packet program of `TokenRouter` and `HashedTokenRouter`.
enum TokenRouterProgram {
  @inline(__always) static func read<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, token key: MetadataKey
  ) -> Verdict {
    switch packet.kind(of: key) {
    case .none: .drop(.tokenMissing)
    case .bytes: packet.addDestinations(withTokenIn: key) == 0 ? .drop(.tokenUnknown) : .forward
    default: .drop(.tokenInvalid)
    }
  }
}
