import FilterKit

/// Which interfaces the program goes to, and which of their addresses the proxy listens on.
struct InterfaceChoice {
  let interfaces: [LocalInterface]
  let listeners: [IPAddress]

  /// Whether the program can get frames whose UDP checksum their sender left to hardware that is not there. Also behind the driver,
  /// in generic mode: the kernel knows of such frames and does not look at their checksum, but only for as long as the UDP header
  /// is not moved further back, which a filter that cuts bytes off the front does.
  var needsFullChecksums: Bool { interfaces.contains { $0.kind != .hardware } }

  /// - Parameters:
  ///   - names: the interfaces that were asked for; empty for those of the listening addresses and of the routes to `servers`.
  ///   - listening: where the sockets listen; an unspecified address stands for all of its family.
  init(_ names: [String], _ listening: [SocketAddress], _ servers: [SocketAddress]) throws(KernelPathError) {
    let all = try LocalInterface.all()
    listeners = all.filter { !$0.isLoopback }.flatMap(\.addresses).filter { address in
      listening.contains { $0.ip == address || $0.ip.isUnspecified && $0.ip.isV4 == address.isV4 }
    }
    if names.isEmpty {
      let sources = Set(servers.compactMap(SourceAddress.toward))
      let listeners = listeners
      interfaces = all.filter { interface in
        !interface.isLoopback && interface.addresses.contains { sources.contains($0) || listeners.contains($0) }
      }
    } else {
      interfaces = try names.map { name throws(KernelPathError) in
        guard let interface = all.first(where: { $0.name == name }) else {
          let known = all.map(\.name).joined(separator: ", ")
          throw .refused(KernelRefusal("there is no interface '\(name)' that is up (those that are: \(known))"))
        }
        return interface
      }
    }
    guard !listeners.isEmpty else {
      throw .refused(KernelRefusal("the proxy listens on the loopback interface alone, which has no driver"))
    }
    for interface in interfaces where interface.mac == nil {
      throw .refused(
        KernelRefusal("\(interface.name) has no link addresses, and the kernel's program writes Ethernet frames"))
    }
  }
}
