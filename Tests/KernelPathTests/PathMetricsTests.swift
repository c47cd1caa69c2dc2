import FilterKit
import KernelPath
import TestNetwork
import Testing

/// What an operator reads of the kernel path.
@Suite(.requiresNamespaces, .serialized) struct PathMetricsTests {
  @Test func everyPacketIsCountedOnOnePathAlsoWhenTheProgramChanges() throws {
    let proxy = try LiveProxy(LiveProxy.byToken, ["10.2.0.2:9000": ["abcd"]])
    let client = try UDPSocket(bind: "10.1.0.2:5000", in: proxy.network.client)
    let server = try UDPSocket(bind: "10.2.0.2:9000", in: proxy.network.server)
    func exchange(_ count: Int) throws {
      for _ in 0..<count {
        try client.send(Array("helloabcd".utf8), to: LiveProxy.listener)
        let packet = try #require(try server.receive())
        try server.send(Array("hi".utf8), to: packet.source)
        _ = try #require(try client.receive())
      }
    }
    try exchange(10)
    for _ in 0..<3 { try client.send(Array("helloABCD".utf8), to: LiveProxy.listener) }
    #expect(eventually { proxy.total("proxy_drops_total", ["reason": "token_unknown"]) == 3 })

    func check(packets: UInt64) {
      for (name, read, write) in [
        ("proxy_packets_received_total", packets + 3, packets), ("proxy_packets_sent_total", packets, packets),
        ("proxy_bytes_received_total", 9 * (packets + 3), 2 * packets),
        ("proxy_bytes_sent_total", 5 * packets, 2 * packets),
      ] {
        // A worker counts what it sent when it was sent.
        #expect(eventually { proxy.total(name, ["direction": "read"]) >= read })
        #expect(proxy.total(name, ["direction": "read"]) == read, "\(name) of \(packets)")
        #expect(proxy.total(name, ["direction": "write"]) == write, "\(name) of \(packets)")
      }
      // All but the packet that made the session.
      #expect(proxy.total("proxy_packets_received_total", ["path": "socket"]) == 1)
      #expect(proxy.total("proxy_hand_overs_total") == 1)
      #expect(proxy.total("proxy_hand_overs_total", ["cause": "no_session"]) == 1)
      #expect(proxy.total("proxy_sessions_active", ["path": "kernel"]) == 1)
      #expect(proxy.total("proxy_sessions_active") == 1)
      #expect(proxy.total("proxy_sessions_total") == 1)
    }
    check(packets: 10)

    let before = try #require(try proxy.program())
    let longer = "[{name: PacketSize, config: {max: 100}}, " + LiveProxy.byToken.dropFirst()
    try proxy.apply(longer, ["10.2.0.2:9000": ["abcd"]])
    #expect(try #require(try proxy.program()) != before)
    check(packets: 10)
    try exchange(10)
    check(packets: 20)

    proxy.kernel.stop()
    #expect(proxy.total("proxy_packets_sent_total") == 40)
    #expect(proxy.total("proxy_sessions_active", ["path": "kernel"]) == 0)
    #expect(proxy.total("proxy_sessions_active", ["path": "socket"]) == 1)
  }

  @Test func whyTheKernelIsNotInUseIsALabel() throws {
    let proxy = try LiveProxy("[]", ["10.2.0.2:9000": []])
    #expect(proxy.total("proxy_offload_active") == 1)
    #expect(proxy.total("proxy_offload_obstacle") == 0)
    #expect(throws: KernelPathError.self) {
      try proxy.apply("[{name: Debug}]", ["10.2.0.2:9000": []])
    }
    #expect(try proxy.program() == nil)
    #expect(proxy.total("proxy_offload_active") == 0)
    #expect(proxy.total("proxy_offload_obstacle") == 1)
    #expect(proxy.total("proxy_offload_obstacle", ["reason": "chain"]) == 1)
    try proxy.apply("[]", ["10.2.0.2:9000": []])
    #expect(proxy.total("proxy_offload_active") == 1)
    #expect(proxy.total("proxy_offload_obstacle") == 0)
  }
}
