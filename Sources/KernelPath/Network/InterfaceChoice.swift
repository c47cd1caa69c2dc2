import FilterKit

/// Which interfaces the program goes to, and which of their addresses the proxy listens on.
struct InterfaceChoice {
  let interfaces: [LocalInterface]
  let listeners: [IPAddress]
  /// The other interfaces of this host.
  private let others: [LocalInterface]

  /// Whether frames can come whose UDP checksum their sender left to hardware that is not there.
  var hasUnfinishedChecksums: Bool { interfaces.contains { $0.kind != .hardware } }

  /// What is likely not as it was meant, for people.
  func warnings(_ mode: AttachMode) -> [String] {
    var warnings: [String] = []
    for interface in interfaces where mode == .native && interface.driver == "veth" {
      warnings.append(
        "\(interface.name) is a veth: what a native program sends back through it is lost, and counted by nobody, unless the other "
          + "end has an XDP program as well, and computes its checksums ('ethtool -K NAME tx off' there); '--attach auto' needs neither"
      )
    }
    for interface in interfaces where Attachment.modes(interface, mode)[0] == .generic && interface.kind != .hardware {
      warnings.append(
        "\(interface.name) hands over what its sender has left in one piece: a sender there that uses UDP_SEGMENT needs "
          + "'ethtool -K NAME tx-udp-segmentation off' on its side, or several datagrams can be taken for one")
    }
    for interface in interfaces where interface.hasMuteNeighbours {
      warnings.append(
        "\(interface.name) has IPv6 addresses and no link-local one, without which the kernel cannot ask whether its neighbours there "
          + "are still in place: it forgets them every few seconds, and their packets go by the sockets until it has found them again"
      )
    }
    if !interfaces.contains(where: { $0.addresses.contains(where: listeners.contains) }) {
      let names = interfaces.map(\.name).joined(separator: ", ")
      let owners = Set(others.filter { $0.addresses.contains(where: listeners.contains) }.map(\.name)).sorted()
      warnings.append(
        "no address that the proxy listens on is on \(names): packets from clients come over "
          + "\(owners.joined(separator: ", ")), and go by the sockets unless that is named with --interface too")
    }
    return warnings
  }

  /// - Parameters:
  ///   - names: the interfaces that were asked for; empty for those with listening addresses or with one of `sources`.
  ///   - sources: the addresses from which packets to servers leave.
  ///   - leavesOut: whether one that was asked for and is not there is left out, rather than an error.
  ///   - listening: where the sockets listen; an unspecified address stands for all of its family.
  init(
    _ names: [String], _ listening: [SocketAddress], sources: Set<IPAddress>, leavesOut: Bool
  ) throws(KernelPathError) {
    let all = try LocalInterface.all()
    // Of a client on the link itself the program does not know which link that is: the sockets serve it.
    listeners = all.filter { !$0.isLoopback }.flatMap(\.addresses).filter { address in
      !address.isLinkLocal
        && listening.contains { $0.ip == address || $0.ip.isUnspecified && $0.ip.isV4 == address.isV4 }
    }
    if names.isEmpty {
      let listeners = listeners
      interfaces = all.filter { interface in
        !interface.isLoopback && interface.addresses.contains { sources.contains($0) || listeners.contains($0) }
      }
    } else if leavesOut {
      interfaces = all.filter { names.contains($0.name) }
    } else {
      interfaces = try names.map { name throws(KernelPathError) in
        guard let interface = all.first(where: { $0.name == name }) else {
          let known = all.map(\.name).joined(separator: ", ")
          throw .refused(KernelRefusal("there is no interface '\(name)' that is up (those that are: \(known))"))
        }
        return interface
      }
    }
    let interfaces = interfaces
    guard !interfaces.isEmpty || names.isEmpty else {
      throw .refused(KernelRefusal("\(names.joined(separator: ", ")): none of these interfaces is up"))
    }
    others = all.filter { !interfaces.contains($0) }
    guard !listeners.isEmpty else {
      throw .refused(KernelRefusal("the proxy listens on the loopback interface alone, which has no driver"))
    }
    for interface in interfaces where interface.mac == nil {
      throw .refused(
        KernelRefusal("\(interface.name) has no link addresses, and the kernel's program writes Ethernet frames"))
    }
  }
}
