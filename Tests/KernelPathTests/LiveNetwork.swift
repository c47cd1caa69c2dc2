import FilterKit
import TestNetwork

/// A client side and a server side, each behind a cable of its own to the proxy, that have all addresses of the cases.
final class LiveNetwork {
  static let listeners = ["10.1.0.1:7777", "[fd01::1]:7777"].map { SocketAddress(literal: $0) }

  private let cables: TwoCables
  var client: NetworkNamespace { cables.client }
  var proxy: NetworkNamespace { cables.proxy }
  var server: NetworkNamespace { cables.server }
  private var clientAddresses: Set<IPAddress> = []
  private var serverAddresses: Set<IPAddress> = []
  /// What lies behind the cable to the servers.
  private var routed: Set<IPAddress> = []

  init() throws {
    cables = try TwoCables()
    // The largest datagrams of the cases go in one frame.
    for (namespace, interface) in [(proxy, "front"), (proxy, "back"), (client, "eth0"), (server, "eth0")] {
      try namespace.ip("link", "set", interface, "mtu", "3400")
    }
    for side in [client, server] {
      // A frame whose checksum is left to hardware is not the kernel's where a filter moves its header.
      try side.setSendChecksums(offloaded: false)
      for range in ["192.0.2.0/24", "198.51.0.0/16", "203.0.113.0/24"] { try side.addLocalRange(range) }
    }
    // Whoever is no server is a client.
    for gateway in ["10.1.0.2", "fd01::2"] { try proxy.addRoute("default", via: gateway) }
  }

  /// Lets the addresses of a case be found, each on its side.
  func place(clients: [SocketAddress], servers: [SocketAddress]) throws {
    try add(clients, to: client, &clientAddresses)
    try add(servers, to: server, &serverAddresses)
    let wanted = Set(servers.map(\.ip))
    for ip in routed.subtracting(wanted) { try proxy.ip(Self.family(ip), "route", "del", "\(ip)") }
    for ip in wanted.subtracting(routed) { try proxy.addRoute("\(ip)", via: ip.isV4 ? "10.2.0.2" : "fd02::2") }
    routed = wanted
  }

  /// Over IPv6 a host finds its neighbours from an address of its own alone, so ranges will not do.
  private func add(
    _ addresses: [SocketAddress], to side: NetworkNamespace, _ known: inout Set<IPAddress>
  ) throws {
    for address in addresses where !address.ip.isV4 && known.insert(address.ip).inserted {
      try side.addAddress("\(address.ip)/128", to: "eth0")
    }
  }

  private static func family(_ ip: IPAddress) -> String { ip.isV4 ? "-4" : "-6" }
}
