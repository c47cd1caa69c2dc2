import FilterKit
import SocketPath
import TestNetwork
import Testing

@Suite(.requiresNamespaces) struct StartTests {
  @Test func anAddressThatIsTakenIsSaid() throws {
    let first = try Proxy(endpoints: [])
    #expect(throws: SocketPathError.addressInUse(first.address)) { try Proxy(endpoints: [], in: first.namespace) }
    #expect(
      SocketPathError.addressInUse(first.address).description
        == "cannot listen on 192.0.2.1:7777: another program, or another proxy, has this address; "
        + "stop it or choose another with --listen")
  }

  /// One for each round: a child that another test has just forked may have a copy of the sockets of the round before.
  private static func addresses(_ count: UInt16) -> [SocketAddress] {
    (0..<count).map { SocketAddress(literal: "192.0.2.1:\(7777 + $0)") }
  }

  @Test("Of two that start at once on one address one gets it", arguments: [1, 4])
  func oneGetsTheAddress(workers: Int) async throws {
    let namespace = try Proxy.network()
    for address in Self.addresses(50) {
      let starts = await withTaskGroup { group in
        for _ in 0..<2 {
          group.addTask {
            Result { try Proxy(endpoints: [], in: namespace) { ($0.listen, $0.workers) = (address, workers) } }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      let errors = starts.compactMap { if case .failure(let error) = $0 { error as? SocketPathError } else { nil } }
      #expect(errors == [.addressInUse(address)])
    }
  }

  @Test("A client that sends while the workers' sockets are opened has one session")
  func oneSessionForEachClient() throws {
    let server = "198.51.100.200:9000"
    let namespace = try Proxy.network()
    let unread = try UDPSocket(bind: server, in: namespace)
    let clients = try (0..<50).map { _ in try UDPSocket(bind: "198.51.100.1:0", in: namespace) }
    for listener in Self.addresses(10) {
      let stream = try PacketStream { _ in for client in clients { try client.send([1], to: listener) } }
      #expect(eventually { stream.sent > 1 })
      let proxy = try Proxy(endpoints: [server], in: namespace) { ($0.listen, $0.workers) = (listener, 16) }
      #expect(eventually { proxy.path.activeSessions >= clients.count })
      let sent = stream.sent
      #expect(eventually { stream.sent > sent + 2 })
      let packets = UInt64(try stream.stop() - sent) * UInt64(clients.count)
      #expect(eventually { proxy.total("proxy_packets_received_total", "read") >= packets })
      #expect(proxy.path.activeSessions == clients.count)
    }
    withExtendedLifetime(unread) {}
  }

  @Test func anAddressOfAnotherMachineIsSaid() throws {
    let address = SocketAddress(literal: "203.0.113.1:7777")
    #expect(throws: SocketPathError.addressNotHere(address)) { try Proxy(endpoints: []) { $0.listen = address } }
  }

  @Test func port0IsChosenByTheKernelForBothFamilies() throws {
    let proxy = try Proxy(endpoints: []) { $0.listen = SocketAddress(literal: "[::]:0") }
    #expect(proxy.path.listening.count == 2)
    #expect(proxy.path.listening[0].port > 0)
    #expect(proxy.path.listening[0].port == proxy.path.listening[1].port)
  }

  @Test func withoutIPv6BothMeansIPv4() throws {
    let namespace = try Proxy.network()
    try namespace.set("net/ipv6/conf/all/disable_ipv6", to: "1")
    // Where IPv6 is off, its unspecified address can still be bound; what counts is that IPv4 is served.
    let proxy = try Proxy(endpoints: ["198.51.100.200:9000"], in: namespace) {
      $0.listen = SocketAddress(literal: "[::]:7777")
    }
    let echo = try proxy.echo("198.51.100.200:9000")
    let client = try proxy.client()
    try client.send([1], to: SocketAddress(literal: "192.0.2.1:7777"))
    #expect(try client.receive()?.bytes == [1])
    withExtendedLifetime(echo) {}
  }
}
