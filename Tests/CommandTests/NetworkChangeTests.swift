import FilterKit
import Glibc
import TestNetwork
import Testing

/// The host's network changes while `proxy ebpf` serves.
@Suite("proxy ebpf and the network's changes", .requiresNamespaces, .serialized) struct NetworkChangeTests {
  private let network = try! ProxyNetwork()
  private let folder = try! TemporaryDirectory()
  private let server: EchoServer
  private let client: UDPSocket

  init() throws {
    server = try EchoServer(bind: "10.3.0.2:9000", in: network.far)
    client = try UDPSocket(bind: "10.1.0.2:5000", in: network.client)
  }

  private func start(_ arguments: [String] = []) throws -> ProxyProcess {
    let file = try folder.write(
      "version: v1alpha1\nclusters: [{endpoints: [{address: '10.3.0.2:9000'}]}]\n", to: "proxy.yaml")
    return try ProxyProcess("ebpf", configuration: file, listen: "[::]:7777", arguments, in: network.proxy)
  }

  private func stream(to address: String = "10.1.0.1:7777") throws -> PacketStream {
    let address = SocketAddress(literal: address)
    return try PacketStream { [client] number in try client.send(Array("\(number)".utf8), to: address) }
  }

  private func inKernel(_ proxy: ProxyProcess) throws -> Int {
    try proxy.metric(#"proxy_packets_sent_total{direction="read",path="kernel"}"#)
  }

  /// Whether the packets of the stream go by the kernel, all the way to the server.
  private func isCarried(_ proxy: ProxyProcess) throws -> Bool {
    let (before, received) = (try inKernel(proxy), server.received)
    return try eventually { try inKernel(proxy) > before + 50 && server.received > received + 50 }
  }

  private func ready(_ proxy: ProxyProcess) throws -> String {
    try HTTPAnswer.get("/ready", from: proxy.admin, in: network.proxy).body
  }

  @Test("A link that goes down and comes up is followed") func link() throws {
    let proxy = try start(["--interface", "front", "--interface", "back"])
    let stream = try stream()
    #expect(try isCarried(proxy))
    let port = server.sources.map(\.port)
    try network.proxy.ip("link", "set", "back", "down")
    #expect(try eventually { try !ready(proxy).contains("back") })
    #expect(try ready(proxy).contains("path: kernel on front"))
    try network.proxy.ip("link", "set", "back", "up")
    // The kernel took the route away with the link.
    try network.proxy.addRoute("10.3.0.0/24", via: "10.2.0.2")
    #expect(try eventually { try ready(proxy).contains("back") })
    #expect(try isCarried(proxy))
    #expect(Set(server.sources.map(\.port)) == Set(port))
    try stream.stop()
  }

  @Test("An interface that is deleted and made anew is followed") func interface() throws {
    let proxy = try start()
    let stream = try stream()
    #expect(try isCarried(proxy))
    let port = server.sources.map(\.port)
    try network.proxy.ip("link", "delete", "back")
    #expect(try eventually { try !ready(proxy).contains("back") })
    try network.proxy.link(to: network.router, name: "back", peerName: "near")
    for address in ["10.2.0.1/24", "fd02::1/64"] { try network.proxy.addAddress(address, to: "back") }
    for address in ["10.2.0.2/24", "fd02::2/64"] { try network.router.addAddress(address, to: "near") }
    try network.proxy.addRoute("10.3.0.0/24", via: "10.2.0.2")
    #expect(try eventually { try ready(proxy).contains("back") })
    #expect(try isCarried(proxy))
    #expect(Set(server.sources.map(\.port)) == Set(port))
    try stream.stop()
  }

  @Test("An address that is added is served by the kernel, and one that is removed no more") func address() throws {
    let proxy = try start()
    let first = try stream()
    #expect(try isCarried(proxy))
    try first.stop()
    try network.proxy.addAddress("10.1.0.9/24", to: "front")
    try proxy.process.awaitLine(containing: "interfaces, addresses or routes have changed")
    let second = try stream(to: "10.1.0.9:7777")
    #expect(try isCarried(proxy))
    try network.proxy.ip("address", "delete", "10.1.0.9/24", "dev", "front")
    #expect(
      try eventually {
        let before = try inKernel(proxy)
        poll(nil, 0, 50)
        return try inKernel(proxy) == before
      })
    try second.stop()
    // The other one goes on.
    let third = try stream()
    #expect(try isCarried(proxy))
    try third.stop()
  }

  @Test("A route that leaves from another address takes the kernel's sessions with it") func route() throws {
    let proxy = try start()
    let stream = try stream()
    #expect(try isCarried(proxy))
    let before = server.sources
    try network.proxy.addAddress("10.2.0.9/24", to: "back")
    try network.proxy.ip("route", "replace", "10.3.0.0/24", "via", "10.2.0.2", "src", "10.2.0.9")
    let wanted = before.map { SocketAddress(SocketAddress(literal: "10.2.0.9:1").ip, port: $0.port) }
    #expect(eventually { server.sources.isSuperset(of: wanted) })
    #expect(try isCarried(proxy))
    let sent = try stream.stop()
    #expect(eventually { server.received == sent }, "none was lost")
    #expect(server.sources == before.union(wanted))
  }
}
