import PacketKit

/// The rules of one direction, as each path looks them up in its own way.
protocol FirewallTable {
  /// Whether the first rule that matches allows the peer. Where none matches it is not allowed.
  func allows(_ peer: SocketAddress) -> Bool
}

/// The packet program of `Firewall`.
enum FirewallProgram {
  @inline(__always) static func run<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ rules: some FirewallTable
  ) -> Verdict {
    rules.allows(packet.source) ? .forward : .drop(.firewallDenied)
  }
}
