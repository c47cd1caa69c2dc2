import FilterKit
import KernelPath
import TestNetwork
import Testing

/// Sessions that go by the kernel for longer than a neighbour is fresh.
@Suite(.requiresNamespaces, .serialized) struct NeighbourTests {
  private static let server = "10.2.0.2:9000"

  /// A proxy whose neighbours are fresh for a fraction of a second.
  private func makeProxy(every interval: Duration) throws -> LiveProxy {
    let network = try TwoCables()
    for (parameter, value) in [
      ("base_reachable_time_ms", "100"), ("delay_first_probe_time", "0"), ("retrans_time_ms", "50"),
      ("ucast_solicit", "1"),
    ] {
      for interface in ["front", "back"] {
        try network.proxy.set("net/ipv4/neigh/\(interface)/\(parameter)", to: value)
      }
    }
    return try LiveProxy("[]", [Self.server: []], network: network) { $0.neighbourInterval = interval }
  }

  @Test func aServerThatMovesToAnotherLinkAddressIsFound() throws {
    let proxy = try makeProxy(every: .milliseconds(50))
    let client = try UDPSocket(bind: "10.1.0.2:5000", in: proxy.network.client)
    let server = try UDPSocket(bind: SocketAddress(literal: Self.server), in: proxy.network.server)
    func arrives() throws -> Bool {
      try client.send(Array("hello".utf8), to: LiveProxy.listener)
      return try server.receive(within: .milliseconds(20)) != nil
    }
    for _ in 0..<20 { #expect(try arrives()) }
    #expect(proxy.total("proxy_packets_sent_total", ["path": "kernel"]) == 19)
    // Nobody says a word, neither the new one nor the old.
    try proxy.network.server.ip("link", "set", "eth0", "address", "02:00:00:00:00:77")
    #expect(try eventually(within: .seconds(10)) { try arrives() })
    // And by the kernel again.
    let before = proxy.total("proxy_packets_sent_total", ["path": "kernel"])
    for _ in 0..<5 { #expect(try arrives()) }
    #expect(proxy.total("proxy_packets_sent_total", ["path": "kernel"]) > before)
  }

  @Test func noPacketIsLostWhereTheKernelForgetsANeighbour() throws {
    let proxy = try makeProxy(every: .seconds(60))
    let client = try UDPSocket(bind: "10.1.0.2:5000", in: proxy.network.client)
    let server = try UDPSocket(bind: SocketAddress(literal: Self.server), in: proxy.network.server)
    var count = 0
    func exchange() throws {
      count += 1
      try client.send(Array("\(count)".utf8), to: LiveProxy.listener)
      #expect(try #require(try server.receive()).bytes == Array("\(count)".utf8))
    }
    for _ in 0..<5 { try exchange() }
    #expect(proxy.total("proxy_hand_overs_total", ["cause": "no_neighbour"]) == 0)
    for _ in 0..<3 {
      try proxy.network.proxy.ip("neighbour", "flush", "dev", "back")
      // Within a second the session's next hop is looked up again; the sockets then find the neighbour.
      let before = proxy.total("proxy_hand_overs_total", ["cause": "no_neighbour"])
      #expect(
        try eventually {
          try exchange()
          return proxy.total("proxy_hand_overs_total", ["cause": "no_neighbour"]) > before
        })
      let sent = proxy.total("proxy_packets_sent_total", ["path": "kernel"])
      for _ in 0..<5 { try exchange() }
      #expect(proxy.total("proxy_packets_sent_total", ["path": "kernel"]) >= sent + 4)
    }
  }
}
