import FilterKit
import Glibc
import TestNetwork
import Testing

@Suite struct UDPSocketTests {
  @Test(arguments: ["127.0.0.1:0", "[::1]:0", "127.255.0.1:65535", "[2001:db8::1:2]:53"])
  func `an address reads back as it was spelt`(text: String) {
    #expect(SocketAddress(literal: text).description == text)
  }

  @Test func `nothing to receive is nil, at once or after the time`() throws {
    let socket = try UDPSocket(bind: "127.0.0.1:0")
    #expect(try socket.receiveNow() == nil)
    #expect(try socket.receive(within: .milliseconds(20)) == nil)
  }

  @Test func `a socket of both families hears IPv4`() throws {
    let server = try EchoServer(bind: "[::]:0")
    let client = try UDPSocket(bind: "127.0.0.1:0")
    let address = SocketAddress(IPAddress(v4: 0x7f00_0001), port: server.address.port)
    try client.send("hello".utf8, to: address)
    #expect(try client.receive() == Datagram(bytes: Array("hello".utf8), source: address))
  }

  @Test func `an empty datagram is one`() throws {
    let server = try EchoServer(bind: "127.0.0.1:0")
    let client = try UDPSocket(bind: "127.0.0.1:0")
    try client.send([], to: server.address)
    #expect(try client.receive() == Datagram(bytes: [], source: server.address))
  }

  @Test func `a connected socket learns that nobody is there`() throws {
    // No port that the kernel gives to other tests, or that a child of theirs still has a copy of.
    let unused = SocketAddress(literal: "127.255.0.1:9")
    let socket = try UDPSocket(bind: "127.0.0.1:0")
    try socket.connect(to: unused)
    try socket.send("hello".utf8)
    let error = #expect(throws: SystemError.self) { try socket.receive() }
    #expect(error?.code == ECONNREFUSED)
  }

  @Test func `the port is free again when the server is gone`() throws {
    let address = try EchoServer(bind: "127.0.0.1:0").address
    #expect(try UDPSocket(bind: address).address == address)
  }
}
