import FilterKit
import TestNetwork
import Testing

/// A client's socket, with the proxy's address of its family.
struct Player {
  let socket: UDPSocket
  let proxy: SocketAddress

  enum Family: CaseIterable {
    case v4, v6
  }

  init(_ family: Family, in network: ProxyNetwork) throws {
    switch family {
    case .v4:
      socket = try UDPSocket(bind: "10.1.0.2:0", in: network.client)
      proxy = SocketAddress(literal: "10.1.0.1:7777")
    case .v6:
      socket = try UDPSocket(bind: "[fd01::2]:0", in: network.client)
      proxy = SocketAddress(literal: "[fd01::1]:7777")
    }
  }

  func send(_ payload: String, to server: Int) throws {
    try socket.send(LivePaths.datagram(payload, to: server), to: proxy)
  }

  /// Sends numbered payloads one by one to a server, which answers each.
  /// - Returns: Where the server saw them come from.
  func exchange(_ numbers: Range<Int>, with server: UDPSocket, number: Int) throws -> Set<SocketAddress> {
    var sources: Set<SocketAddress> = []
    for index in numbers {
      try send("hello \(index)", to: number)
      let packet = try #require(try server.receive(), "datagram \(index) of \(numbers) did not arrive")
      #expect(packet.bytes == Array("hello \(index)".utf8))
      sources.insert(packet.source)
      try server.send(Array("answer \(index)".utf8), to: packet.source)
      #expect(try socket.receive() == Datagram(bytes: Array("answer \(index)".utf8), source: proxy))
    }
    return sources
  }
}
