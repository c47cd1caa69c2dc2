import FilterKit
import Glibc
import TestNetwork
import Testing

@Suite(.requiresNamespaces) struct NetworkNamespaceTests {
  @Test func `two namespaces bind the same address and port`() throws {
    let (one, other) = (try NetworkNamespace(), try NetworkNamespace())
    let first = try UDPSocket(bind: "127.0.0.1:7777", in: one)
    let second = try UDPSocket(bind: "127.0.0.1:7777", in: other)
    #expect(first.address == second.address)
    #expect(throws: SystemError.self) { try UDPSocket(bind: "127.0.0.1:7777", in: one) }
  }

  @Test func `the thread comes back after run, also when the body throws`() throws {
    struct Expected: Error {}
    let before = try inode()
    let namespace = try NetworkNamespace()
    #expect(try inode() == before)
    #expect(try namespace.run { try inode() } != before)
    #expect(throws: Expected.self) { try namespace.run { throw Expected() } }
    #expect(try inode() == before)
  }

  @Test func `an address that was closed inside of run is free, also while processes start`() async throws {
    let namespace = try NetworkNamespace()
    async let processes: Void = {
      for _ in 0..<100 { _ = try ChildProcess("true", []).awaitExit() }
    }()
    for _ in 0..<300 {
      try namespace.run {
        for _ in 0..<10 { _ = try UDPSocket(bind: "127.0.0.1:7777") }
      }
    }
    try await processes
  }

  @Test(arguments: [
    ("192.0.2.1", "192.0.2.2", "/24"), ("2001:db8::1", "2001:db8::2", "/64"),
  ])
  func `datagrams cross a link, the largest whole`(here: String, there: String, prefix: String) throws {
    let (client, server) = (try NetworkNamespace(), try NetworkNamespace())
    try client.link(to: server)
    try client.addAddress(here + prefix)
    try server.addAddress(there + prefix)
    let echo = try EchoServer(bind: bracketed(there) + ":7777", in: server, prefix: "east ")
    let socket = try UDPSocket(bind: bracketed(here) + ":0", in: client)

    try socket.send("hello".utf8, to: echo.address)
    #expect(try socket.receive() == Datagram(bytes: Array("east hello".utf8), source: echo.address))

    let large = (0..<65_502).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try socket.send(large, to: echo.address)
    #expect(try socket.receive()?.bytes == Array("east ".utf8) + large)
    #expect(echo.received == 2)
  }

  @Test func `a route leads by way of a gateway`() throws {
    let (client, gateway, server) = (try NetworkNamespace(), try NetworkNamespace(), try NetworkNamespace())
    try client.link(to: gateway, peerName: "west")
    try gateway.link(to: server, name: "east")
    try client.addAddress("192.0.2.2/24")
    try gateway.addAddress("192.0.2.1/24", to: "west")
    try gateway.addAddress("198.51.100.1/24", to: "east")
    try server.addAddress("198.51.100.2/24")
    try client.addRoute("default", via: "192.0.2.1")
    try server.addRoute("192.0.2.0/24", via: "198.51.100.1")
    try gateway.set("net/ipv4/ip_forward", to: "1")

    let echo = try EchoServer(bind: "198.51.100.2:7777", in: server)
    let socket = try UDPSocket(bind: "192.0.2.2:0", in: client)
    try socket.send("through".utf8, to: echo.address)
    #expect(try socket.receive()?.source == echo.address)
  }

  @Test(arguments: [("192.0.2.0/24", "192.0.2.77:1"), ("2001:db8::/64", "[2001:db8::abcd]:1")])
  func `every address of a local range can be bound`(range: String, member: String) throws {
    let namespace = try NetworkNamespace()
    #expect(throws: SystemError.self) { try UDPSocket(bind: member, in: namespace) }
    try namespace.addLocalRange(range)
    #expect(try UDPSocket(bind: member, in: namespace).address == SocketAddress(literal: member))
  }

  @Test func `a namespace is freed with its last owner`() throws {
    let stays = try NetworkNamespace()
    do {
      let goes = try NetworkNamespace()
      try stays.link(to: goes, name: "cable")
      #expect(try stays.ip("link").contains("cable"))
    }
    // A pair of interfaces goes when one of them does.
    #expect(try eventually { try !stays.ip("link").contains("cable") })
  }

  @Test func `a command that fails says what it said`() throws {
    let error = #expect(throws: CommandError.self) { try NetworkNamespace().ip("link", "set", "nowhere", "up") }
    #expect(error?.description.contains("Cannot find device \"nowhere\"") == true)
  }

  private func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

  /// What tells one namespace from another.
  private func inode() throws -> UInt {
    var information = stat()
    try #require(stat("/proc/thread-self/ns/net", &information) == 0)
    return UInt(information.st_ino)
  }
}
