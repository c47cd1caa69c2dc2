import FilterKit
import KernelPath
import TestNetwork
import Testing

/// The way to a server changes while its sessions are in the kernel.
@Suite(.requiresNamespaces, .serialized) struct RouteChangeTests {
  /// Longer than a next hop is kept on any kernel: a second.
  private static let lifetime = Duration.milliseconds(1_500)

  /// Sends until a packet arrives, and takes out all that are under way.
  private func arrives(from player: Player, at server: UDPSocket) throws -> Bool {
    try eventually(within: Self.lifetime) {
      try player.send("there?", to: 0)
      guard try server.receive(within: .milliseconds(10)) != nil else { return false }
      while try server.receive(within: .milliseconds(20)) != nil {}
      return true
    }
  }

  @Test(arguments: [("10.3.0.2:9000", Player.Family.v4), ("[fd03::2]:9000", .v6)])
  func theRouterChangesItsLinkAddress(address: String, family: Player.Family) throws {
    let paths = try LivePaths([address])
    let (network, player) = (paths.network, try Player(family, in: paths.network))
    let server = try UDPSocket(bind: address, in: network.far)
    // As a router does that takes over from another: it says so to its neighbours.
    try network.router.set("net/ipv4/conf/near/arp_notify", to: "1")
    try network.router.set("net/ipv6/conf/near/ndisc_notify", to: "1")
    let sources = try player.exchange(0..<5, with: server, number: 0)
    let before = paths.bySockets
    try network.router.ip("link", "set", "near", "address", "02:00:00:00:00:77")
    #expect(try arrives(from: player, at: server))
    #expect(try player.exchange(5..<20, with: server, number: 0) == sources)
    #expect(paths.bySockets == before, "the kernel path follows by itself")
  }

  /// A second cable to the router.
  private static func addSpareCable(_ network: ProxyNetwork) throws {
    try network.proxy.link(to: network.router, name: "spare", peerName: "spare")
    try network.proxy.addAddress("10.5.0.1/24", to: "spare")
    try network.router.addAddress("10.5.0.2/24", to: "spare")
  }

  @Test(arguments: [true, false]) func theRouteMovesToAnotherInterface(hasProgram: Bool) throws {
    let interfaces = hasProgram ? ProxyNetwork.interfaces + ["spare"] : ProxyNetwork.interfaces
    let paths = try LivePaths(["10.3.0.2:9000"], interfaces: interfaces, prepare: Self.addSpareCable)
    let (network, player) = (paths.network, try Player(.v4, in: paths.network))
    let server = try UDPSocket(bind: "10.3.0.2:9000", in: network.far)
    let ports = Set(try player.exchange(0..<5, with: server, number: 0).map(\.port))
    // The neighbour on the new cable is known, as it is where other traffic goes there.
    let probe = try EchoServer(bind: "10.5.0.2:9", in: network.router)
    let prober = try UDPSocket(bind: "10.5.0.1:0", in: network.proxy)
    try prober.send([1], to: probe.address)
    #expect(try prober.receive() != nil)

    let before = paths.bySockets
    try network.proxy.ip("route", "replace", "10.3.0.0/24", "via", "10.5.0.2")
    let framesBefore = try network.router.receivedFrames(on: "spare")
    #expect(
      try eventually(within: Self.lifetime) {
        try player.send("there?", to: 0)
        _ = try server.receive(within: .milliseconds(10))
        return try network.router.receivedFrames(on: "spare") > framesBefore + 5
      })
    while try server.receive(within: .milliseconds(20)) != nil {}
    // The server sees the same port go on; back is another way, which did not move.
    #expect(Set(try player.exchange(5..<20, with: server, number: 0).map(\.port)) == ports)
    if hasProgram {
      #expect(paths.bySockets == before)
    } else {
      #expect(paths.bySockets > before + 15, "what leaves by an interface without the program goes by the sockets")
    }
  }

  @Test func aNeighbourThatIsNotKnownYetIsLeftToTheSockets() throws {
    let paths = try LivePaths(["10.3.0.2:9000"])
    let (network, player) = (paths.network, try Player(.v4, in: paths.network))
    let server = try UDPSocket(bind: "10.3.0.2:9000", in: network.far)
    // The router does not say its link address for now, and the proxy's host asks for it patiently.
    try network.router.set("net/ipv4/conf/near/arp_ignore", to: "8")
    try network.proxy.set("net/ipv4/neigh/back/retrans_time_ms", to: "50")
    try network.proxy.set("net/ipv4/neigh/back/mcast_solicit", to: "100")
    for number in 0..<10 { try player.send("\(number)", to: 0) }
    #expect(eventually { paths.bySockets == 10 })
    #expect(try server.receiveNow() == nil)
    try network.router.set("net/ipv4/conf/near/arp_ignore", to: "0")
    for number in 0..<10 {
      #expect(try server.receive()?.bytes == Array("\(number)".utf8))
    }
    let before = paths.bySockets
    #expect(try player.exchange(0..<20, with: server, number: 0).count == 1)
    #expect(paths.bySockets - before <= 1, "now the kernel knows the way")
  }

  @Test func aNeighbourThatIsForgottenIsFoundAgain() throws {
    let paths = try LivePaths(["10.3.0.2:9000"])
    let (network, player) = (paths.network, try Player(.v4, in: paths.network))
    let server = try EchoServer(bind: "10.3.0.2:9000", in: network.far)
    let stream = try PacketStream { try player.send("\($0)", to: 0) }
    #expect(eventually { server.received > 50 })
    let before = paths.bySockets
    try network.proxy.ip("neigh", "flush", "dev", "back")
    #expect(eventually { paths.bySockets > before }, "the sockets ask for it")
    let received = server.received
    #expect(eventually { server.received > received + 100 })
    let sent = try stream.stop()
    #expect(eventually { server.received == sent }, "none was lost")
    #expect(server.sources.count == 1)
    #expect(paths.bySockets - before < 50)
  }
}
