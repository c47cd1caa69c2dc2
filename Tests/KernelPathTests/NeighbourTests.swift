import FilterKit
import KernelPath
import TestNetwork
import Testing

/// Sessions that go by the kernel for longer than a neighbour is fresh.
@Suite(.requiresNamespaces, .serialized) struct NeighbourTests {
  private static let server = "10.2.0.2:9000"

  /// A proxy whose neighbours are fresh for a fraction of a second.
  private func makeProxy(_ server: String, every interval: Duration) throws -> LiveProxy {
    let network = try TwoCables()
    for (parameter, value) in [
      ("base_reachable_time_ms", "100"), ("delay_first_probe_time", "0"), ("retrans_time_ms", "50"),
      ("ucast_solicit", "1"),
    ] {
      for family in ["ipv4", "ipv6"] {
        try network.proxy.set("net/\(family)/neigh/back/\(parameter)", to: value)
      }
    }
    return try LiveProxy("[]", [server: []], network: network) { options in
      options.neighbourInterval = interval
      // A next hop is looked up again after a quarter of that.
      options.idleTimeout = .seconds(1)
    }
  }

  @Test(arguments: [server, "[fd02::2]:9000"])
  func aServerThatMovesToAnotherLinkAddressIsFound(address: String) throws {
    let proxy = try makeProxy(address, every: .milliseconds(50))
    let client = try UDPSocket(bind: "10.1.0.2:5000", in: proxy.network.client)
    let server = try UDPSocket(bind: SocketAddress(literal: address), in: proxy.network.server)
    func arrives(within time: Duration = .patience) throws -> Bool {
      try client.send(Array("hello".utf8), to: LiveProxy.listener)
      return try server.receive(within: time) != nil
    }
    for _ in 0..<20 { #expect(try arrives()) }
    #expect(proxy.total("proxy_packets_sent_total", ["path": "kernel"]) > 0)
    // Nobody says a word, neither the new one nor the old.
    try proxy.network.server.ip("link", "set", "eth0", "address", "02:00:00:00:00:77")
    #expect(try eventually { try arrives(within: .milliseconds(20)) })
    // And by the kernel again.
    let before = proxy.total("proxy_packets_sent_total", ["path": "kernel"])
    #expect(
      try eventually {
        _ = try arrives(within: .milliseconds(20))
        return proxy.total("proxy_packets_sent_total", ["path": "kernel"]) > before
      })
  }

  @Test func noPacketIsLostWhereTheKernelForgetsANeighbour() throws {
    let proxy = try makeProxy(Self.server, every: .seconds(60))
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
      // Soon the session's next hop is looked up again; the sockets then find the neighbour.
      let before = proxy.total("proxy_hand_overs_total", ["cause": "no_neighbour"])
      #expect(
        try eventually {
          try exchange()
          return proxy.total("proxy_hand_overs_total", ["cause": "no_neighbour"]) > before
        })
      let sent = proxy.total("proxy_packets_sent_total", ["path": "kernel"])
      for _ in 0..<5 { try exchange() }
      #expect(proxy.total("proxy_packets_sent_total", ["path": "kernel"]) > sent)
    }
  }
}
