import FilterKit
import KernelPath
import SocketPath
import TestNetwork
import Testing

/// Both paths together, with real packets between namespaces.
@Suite(.requiresNamespaces, .serialized) struct NetworkTests {
  /// An address of every way out, with the namespace that has it.
  struct Place: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let server: String
    let namespace: @Sendable (ProxyNetwork) -> NetworkNamespace
  }

  static let places = [
    Place(testDescription: "client's subnet, IPv4", server: "10.1.0.3:9000", namespace: \.near),
    Place(testDescription: "client's subnet, IPv6", server: "[fd01::3]:9000", namespace: \.near),
    Place(testDescription: "behind a router, IPv4", server: "10.3.0.2:9000", namespace: \.far),
    Place(testDescription: "behind a router, IPv6", server: "[fd03::2]:9000", namespace: \.far),
    Place(testDescription: "on another cable, IPv6", server: "[fd04::2]:9000", namespace: \.six),
  ]

  @Test(arguments: places) func afterTheFirstPacketTheKernelCarriesTheSession(_ place: Place) throws {
    let paths = try LivePaths([place.server])
    let server = try UDPSocket(bind: place.server, in: place.namespace(paths.network))
    for family in Player.Family.allCases {
      let player = try Player(family, in: paths.network)
      let before = paths.bySockets
      #expect(try player.exchange(0..<20, with: server, number: 0).count == 1)
      // All but the first were carried by the kernel, in both directions. The answer to the first may have been quicker than the
      // session.
      #expect(paths.bySockets - before <= 2, "\(family)")
    }
  }

  @Test func itIsAttachedToAllInterfacesThatItListensOn() throws {
    let paths = try LivePaths([])
    #expect(paths.kernel.attached == ["front (generic)", "back (generic)", "six (generic)"])
  }

  @Test func everyClientHasASourceOfItsOwnTowardEveryServer() throws {
    let paths = try LivePaths(Self.places.map(\.server))
    let servers = try Self.places.map { try UDPSocket(bind: $0.server, in: $0.namespace(paths.network)) }
    let players = try (0..<6).map { try Player($0 % 2 == 0 ? .v4 : .v6, in: paths.network) }
    var sources = [[SocketAddress]](repeating: [], count: servers.count)
    for (number, server) in servers.enumerated() {
      for player in players { sources[number] += try player.exchange(0..<2, with: server, number: number) }
      #expect(Set(sources[number]).count == players.count)
    }
    let before = paths.bySockets
    // All at once: each finds its way, and those of one session stay in order.
    for index in 0..<20 {
      for (place, player) in players.enumerated() {
        for number in servers.indices { try player.send("\(place) \(index)", to: number) }
      }
    }
    for (number, server) in servers.enumerated() {
      var next = [Int](repeating: 0, count: players.count)
      for _ in 0..<(20 * players.count) {
        let packet = try #require(try server.receive())
        let place = try #require(sources[number].firstIndex(of: packet.source))
        #expect(packet.bytes == Array("\(place) \(next[place])".utf8))
        next[place] += 1
        try server.send(Array("\(number) says ".utf8) + packet.bytes, to: packet.source)
      }
    }
    for (place, player) in players.enumerated() {
      var next = [Int](repeating: 0, count: servers.count)
      for _ in 0..<(20 * servers.count) {
        let answer = try #require(try player.socket.receive())
        let number = try #require(Int(String(decoding: answer.bytes.prefix(1), as: UTF8.self)))
        #expect(answer.source == player.proxy)
        #expect(answer.bytes == Array("\(number) says \(place) \(next[number])".utf8))
        next[number] += 1
      }
    }
    #expect(paths.bySockets == before)
  }

  @Test func packetsInTheKernelKeepASessionAlive() throws {
    let paths = try LivePaths(["10.3.0.2:9000"], idleTimeout: .seconds(2))
    let player = try Player(.v4, in: paths.network)
    let server = try UDPSocket(bind: "10.3.0.2:9000", in: paths.network.far)
    let clock = ContinuousClock()
    let start = clock.now
    var sources: Set<SocketAddress> = []
    while clock.now - start < .seconds(5) {
      try player.send("on and on", to: 0)
      sources.insert(try #require(try server.receive()).source)
    }
    #expect(sources.count == 1)
    // What the kernel saw counts also when it is not asked any more.
    paths.kernel.stop()
    #expect(!eventually(within: .seconds(1)) { paths.sockets.activeSessions == 0 })
    #expect(paths.metrics.total("proxy_sessions_total") == 1)
    #expect(paths.bySockets < 5)
    // Without packets on either path it ends.
    #expect(eventually { paths.sockets.activeSessions == 0 })
  }
}
