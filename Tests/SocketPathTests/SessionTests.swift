import FilterKit
import SocketPath
import TestNetwork
import Testing

@Suite(.requiresNamespaces) struct SessionTests {
  static let server = "198.51.100.200:9000"

  @Test func twoClientsOfOneServerHaveDifferentPortsAndOnePortServesManyServers() throws {
    let servers = ["198.51.100.200:9000", "198.51.100.201:9000"]
    let proxy = try Proxy(filters: "[{name: Choose}]", endpoints: servers) { $0.workers = 1 }
    let sockets = try servers.map { try UDPSocket(bind: $0, in: proxy.namespace) }
    let clients = try ["198.51.100.1:0", "198.51.100.1:0"].map { try proxy.client($0) }
    var ports: [[UInt16]] = []
    for client in clients {
      ports.append(
        try (0..<2).map { server in
          try client.send(Array("\(server)".utf8), to: proxy.address)
          return try #require(try sockets[server].receive()).source.port
        })
    }
    #expect(ports[0][0] != ports[1][0])
    #expect(ports[0][1] != ports[1][1])
    #expect(Set(ports.joined()).count == 2)
    #expect(proxy.path.activeSessions == 4)
  }

  @Test func tenThousandClientsOfOneServerGetTheirOwnReplies() throws {
    let proxy = try Proxy(endpoints: [Self.server])
    let echo = try proxy.echo(Self.server)
    // One socket sends for a client at a time: 100 addresses with 100 ports each.
    for host in 1...100 {
      let clients = try (0..<100).map { try proxy.client("198.51.100.\(host):\(10_000 + $0)") }
      for (number, client) in clients.enumerated() {
        try client.send(Array("\(host) \(number)".utf8), to: proxy.address)
      }
      for (number, client) in clients.enumerated() {
        #expect(try client.receive()?.bytes == Array("\(host) \(number)".utf8))
      }
    }
    #expect(proxy.path.activeSessions == 10_000)
    #expect(proxy.total("proxy_sessions_total", "socket") == 10_000)
    #expect(proxy.drops == [:])
    withExtendedLifetime(echo) {}
  }

  @Test func anIdleSessionEndsAndBothDirectionsKeepItAlive() throws {
    let proxy = try Proxy(endpoints: [Self.server]) { $0.idleTimeout = .seconds(1) }
    let server = try UDPSocket(bind: Self.server, in: proxy.namespace)
    let (reader, writer, idler) = (try proxy.client(), try proxy.client(), try proxy.client())
    let clock = ContinuousClock()
    try idler.send(Array("idle".utf8), to: proxy.address)
    try writer.send(Array("write".utf8), to: proxy.address)
    var ports: [String: SocketAddress] = [:]
    for _ in 0..<2 {
      let packet = try #require(try server.receive())
      ports[String(decoding: packet.bytes, as: UTF8.self)] = packet.source
    }
    let start = clock.now
    // For three idle times one session has packets from its client alone, another from its server alone.
    while clock.now - start < .seconds(3) {
      try reader.send(Array("read".utf8), to: proxy.address)
      #expect(try server.receive()?.bytes == Array("read".utf8))
      try server.send([7], to: ports["write"]!)
      #expect(try writer.receive()?.bytes == [7])
      #expect(try idler.receive(within: .milliseconds(50)) == nil)
    }
    #expect(proxy.path.activeSessions == 2)
    // The session is gone and its port free, so nobody takes this.
    try server.send([8], to: ports["idle"]!)
    #expect(try idler.receive(within: .milliseconds(50)) == nil)
    #expect(eventually { proxy.path.activeSessions == 0 })
    #expect(eventually { proxy.total("proxy_sessions_active", "socket") == 0 })
    #expect(proxy.total("proxy_sessions_total", "socket") == 3)
  }

  @Test func aboveTheLimitNewSessionsAreRefusedAndOldOnesGoOn() throws {
    let proxy = try Proxy(endpoints: [Self.server]) { $0.maxSessions = 2 }
    let echo = try proxy.echo(Self.server)
    let clients = try (0..<3).map { _ in try proxy.client() }
    for client in clients.prefix(2) {
      try client.send([1], to: proxy.address)
      #expect(try client.receive()?.bytes == [1])
    }
    try clients[2].send([2], to: proxy.address)
    #expect(eventually { proxy.drops == ["proxy session_limit": 1] })
    #expect(proxy.total("proxy_sessions_refused_total", "socket") == 1)
    try clients[0].send([3], to: proxy.address)
    #expect(try clients[0].receive()?.bytes == [3])
    withExtendedLifetime(echo) {}
  }

  @Test func anEndpointThatLeftKeepsItsRepliesButGetsNoNewPacket() throws {
    let servers = ["198.51.100.200:9000", "198.51.100.201:9000"]
    let proxy = try Proxy(endpoints: [servers[0]]) { $0.workers = 1 }
    let sockets = try servers.map { try UDPSocket(bind: $0, in: proxy.namespace) }
    let client = try proxy.client()
    try client.send([1], to: proxy.address)
    let first = try #require(try sockets[0].receive())
    try proxy.apply(endpoints: [servers[1]])
    // Adopted between batches: packets that come before that still go the old way.
    #expect(
      try eventually {
        try client.send([2], to: proxy.address)
        return try sockets[1].receive(within: .milliseconds(50))?.bytes == [2]
      })
    while try sockets[0].receiveNow() != nil {}
    try client.send([3], to: proxy.address)
    #expect(try sockets[1].receive()?.bytes == [3])
    #expect(try sockets[0].receiveNow() == nil)
    try sockets[0].send([4], to: first.source)
    #expect(try client.receive()?.bytes == [4])
  }

  @Test func aChainThatChangesKeepsTheSessions() throws {
    let proxy = try Proxy(endpoints: [Self.server]) { $0.workers = 1 }
    let server = try UDPSocket(bind: Self.server, in: proxy.namespace)
    let client = try proxy.client()
    try client.send([1], to: proxy.address)
    let before = try #require(try server.receive()).source
    try proxy.apply(filters: "[{name: Tag, config: {letter: a}}]", endpoints: [Self.server])
    let after = try awaitSource(of: [2, UInt8(ascii: "a")], from: client, to: proxy, at: server)
    #expect(after == before)
  }

  private func awaitSource(
    of expected: [UInt8], from client: TestNetwork.UDPSocket, to proxy: Proxy, at server: TestNetwork.UDPSocket
  ) throws -> SocketAddress? {
    var source: SocketAddress?
    _ = try eventually {
      try client.send([2], to: proxy.address)
      let packet = try #require(try server.receive())
      if packet.bytes == expected { source = packet.source }
      return source != nil
    }
    return source
  }

  @Test func aPacketFromAnUnknownServerIsCounted() throws {
    let proxy = try Proxy(endpoints: [Self.server])
    let server = try UDPSocket(bind: Self.server, in: proxy.namespace)
    let stranger = try UDPSocket(bind: "198.51.100.200:9001", in: proxy.namespace)
    let client = try proxy.client()
    try client.send([1], to: proxy.address)
    let port = try #require(try server.receive()).source
    try stranger.send([66], to: port)
    #expect(eventuallyDrops(proxy, ["proxy unknown_server": 1]))
    try server.send([2], to: port)
    #expect(try client.receive()?.bytes == [2])
    #expect(try client.receiveNow() == nil)
  }

  private func eventuallyDrops(_ proxy: Proxy, _ drops: [String: UInt64]) -> Bool {
    eventually { proxy.drops == drops }
  }

  @Test func aLoopbackSourceIsFineOnlyOverLoopback() throws {
    let proxy = try Proxy(endpoints: [Self.server]) { $0.listen = SocketAddress(literal: "[::]:7777") }
    let echo = try proxy.echo(Self.server)
    let client = try proxy.client("127.0.0.1:0")
    try client.send([1], to: SocketAddress(literal: "127.0.0.1:7777"))
    #expect(try client.receive()?.source.description == "127.0.0.1:7777")
    try client.send([2], to: SocketAddress(literal: "192.0.2.1:7777"))
    #expect(eventuallyDrops(proxy, ["proxy source_refused": 1]))
    withExtendedLifetime(echo) {}
  }

  @Test func whileDrainingOldSessionsGoOnAndNewOnesAreRefused() throws {
    let proxy = try Proxy(endpoints: [Self.server])
    let echo = try proxy.echo(Self.server)
    let (old, new) = (try proxy.client(), try proxy.client())
    try old.send([1], to: proxy.address)
    #expect(try old.receive()?.bytes == [1])
    proxy.path.beginDrain()
    #expect(
      try eventually {
        try new.send([2], to: proxy.address)
        return proxy.drops["proxy draining"] ?? 0 > 0
      })
    try old.send([3], to: proxy.address)
    #expect(try old.receive()?.bytes == [3])
    withExtendedLifetime(echo) {}
  }

  @Test func stoppingClosesEverythingAndTheAddressIsFree() throws {
    let namespace = try Proxy.network()
    for _ in 0..<3 {
      let proxy = try Proxy(endpoints: [Self.server], in: namespace)
      let echo = try proxy.echo(Self.server)
      let client = try proxy.client()
      try client.send([1], to: proxy.address)
      #expect(try client.receive()?.bytes == [1])
      proxy.path.stop()
      proxy.path.stop()
      #expect(proxy.path.activeSessions == 0)
      withExtendedLifetime(echo) {}
    }
  }
}
