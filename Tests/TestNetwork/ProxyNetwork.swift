/// A client, a proxy and three servers, each a namespace, as they stand around a proxy in the field:
///
///     client ──┐                             ┌── router ── far
///              ├── switch ── front, proxy, back
///     near ────┘                        six ──── six
///
/// The server `near` is on the client's subnet, so packets to it leave by the interface that they came in. `far` is behind a
/// router. Both have addresses of both families. `six` has IPv6 alone.
public final class ProxyNetwork: Sendable {
  public let client: NetworkNamespace
  public let `switch`: NetworkNamespace
  public let proxy: NetworkNamespace
  public let near: NetworkNamespace
  public let router: NetworkNamespace
  public let far: NetworkNamespace
  public let six: NetworkNamespace

  /// The proxy's interfaces.
  public static let interfaces = ["front", "back", "six"]

  public init() throws {
    client = try NetworkNamespace()
    `switch` = try NetworkNamespace()
    proxy = try NetworkNamespace()
    near = try NetworkNamespace()
    router = try NetworkNamespace()
    far = try NetworkNamespace()
    six = try NetworkNamespace()
    try connectSwitch()
    try proxy.link(to: router, name: "back", peerName: "near")
    try router.link(to: far, name: "far")
    try proxy.link(to: six, name: "six")
    for (namespace, interface, addresses) in [
      (proxy, "front", ["10.1.0.1/24", "fd01::1/64"]), (client, "eth0", ["10.1.0.2/24", "fd01::2/64"]),
      (near, "eth0", ["10.1.0.3/24", "fd01::3/64"]),
      (proxy, "back", ["10.2.0.1/24", "fd02::1/64"]), (router, "near", ["10.2.0.2/24", "fd02::2/64"]),
      (router, "far", ["10.3.0.1/24", "fd03::1/64"]), (far, "eth0", ["10.3.0.2/24", "fd03::2/64"]),
      (proxy, "six", ["fd04::1/64"]), (six, "eth0", ["fd04::2/64"]),
    ] {
      for address in addresses { try namespace.addAddress(address, to: interface) }
    }
    try router.set("net/ipv4/ip_forward", to: "1")
    try router.set("net/ipv6/conf/all/forwarding", to: "1")
    try proxy.addRoute("10.3.0.0/24", via: "10.2.0.2")
    try proxy.addRoute("fd03::/64", via: "fd02::2")
    try far.addRoute("default", via: "10.3.0.1")
    try far.addRoute("default", via: "fd03::1")
  }

  private func connectSwitch() throws {
    try `switch`.ip("link", "add", "bridge", "type", "bridge", "mcast_snooping", "0")
    try `switch`.ip("link", "set", "bridge", "addrgenmode", "none", "up")
    try `switch`.link(to: client, name: "client")
    try `switch`.link(to: near, name: "near")
    try `switch`.link(to: proxy, name: "proxy", peerName: "front")
    for port in ["client", "near", "proxy"] { try `switch`.ip("link", "set", port, "master", "bridge") }
  }

  /// Whether the kernel has an XDP program on one of the proxy's interfaces.
  public func isAnyProgramAttached() throws -> Bool { try proxy.ip("link", "show").contains("xdp") }
}
