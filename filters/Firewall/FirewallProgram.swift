import PacketKit

/// The packet program of `Firewall`. The rules themselves are a table that each path looks up in its own way.
enum FirewallProgram {
  @inline(__always) static func run<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ rules: FirewallRules.List
  ) -> Verdict {
    rules.allows(packet.source) ? .forward : .drop(.firewallDenied)
  }
}
