import CDataPath
import PacketKit

// `Firewall` in the chain image: `flags` 0 = a few rules, from `size` on `second_size` of them; 1 = many: `size` is their table.

#if hasFeature(Embedded)
  @_cdecl("firewall_run")
  public func firewallRun(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    var packet = KernelPacket(raw)
    if slot.pointee.flags & 1 == 0 {
      return FirewallProgram.run(&packet, FewRules(first: slot.pointee.size, count: slot.pointee.second_size)).rawValue
    }
    return FirewallProgram.run(&packet, ManyRules(raw: raw, table: slot.pointee.size)).rawValue
  }

  /// Rules that stand in the image, asked one after the other.
  private struct FewRules: FirewallTable {
    let first: UInt32
    let count: UInt32

    @inline(__always) func allows(_ peer: SocketAddress) -> Bool {
      // Spelled out, so that each rule is a constant to the verifier.
      if count > 0, let allows = answer(0, peer) { return allows }
      if count > 1, let allows = answer(1, peer) { return allows }
      if count > 2, let allows = answer(2, peer) { return allows }
      if count > 3, let allows = answer(3, peer) { return allows }
      return false
    }

    @inline(__always) private func answer(_ index: UInt32, _ peer: SocketAddress) -> Bool? {
      let rule = kernel_rule(first &+ index)
      let high = (peer.ip.high ^ rule.pointee.network.0) & rule.pointee.mask.0
      let low = (peer.ip.low ^ rule.pointee.network.1) & rule.pointee.mask.1
      let port = UInt32(peer.port)
      if rule.pointee.not_v4 != 0, peer.ip.isV4 { return nil }
      guard high | low == 0, port >= rule.pointee.first_port, port < rule.pointee.end_port else { return nil }
      return rule.pointee.allows != 0
    }
  }

  /// Rules in the maps: the longest network that holds the address stands for all that hold it.
  private struct ManyRules: FirewallTable {
    let raw: UnsafeMutablePointer<packet>
    let table: UInt32

    @inline(__always) func allows(_ peer: SocketAddress) -> Bool {
      let answer = kernel_prefix(raw, table)
      if answer < UInt32(PREFIX_FIRST_PORTS) { return answer == UInt32(PREFIX_ALLOWS) }
      return kernel_port(answer &- UInt32(PREFIX_FIRST_PORTS), raw) != 0
    }
  }
#endif
