import TestNetwork

/// A proxy with a client and a server, each behind a cable of its own.
final class TwoCables {
  let client: NetworkNamespace
  let proxy: NetworkNamespace
  let server: NetworkNamespace

  init() throws {
    client = try NetworkNamespace()
    proxy = try NetworkNamespace()
    server = try NetworkNamespace()
    try proxy.link(to: client, name: "front")
    try proxy.link(to: server, name: "back")
    for (namespace, interface, addresses) in [
      (proxy, "front", ["10.1.0.1/24", "fd01::1/64"]), (client, "eth0", ["10.1.0.2/24", "fd01::2/64"]),
      (proxy, "back", ["10.2.0.1/24", "fd02::1/64"]), (server, "eth0", ["10.2.0.2/24", "fd02::2/64"]),
    ] {
      for address in addresses { try namespace.addAddress(address, to: interface) }
    }
  }
}
