import FilterKit
import SocketPath
import TestNetwork
import Testing

@Suite(.requiresNamespaces) struct ForwardingTests {
  @Test(arguments: [
    ("192.0.2.1:7777", "198.51.100.1:0", "198.51.100.200:9000"),
    ("[2001:db8::1]:7777", "[2001:db8::2]:0", "[2001:db8::200]:9000"),
    ("192.0.2.1:7777", "198.51.100.1:0", "[2001:db8::200]:9000"),
    ("[2001:db8::1]:7777", "[2001:db8::2]:0", "198.51.100.200:9000"),
  ])
  func repliesComeFromTheListeningAddress(listen: String, client: String, server: String) throws {
    let proxy = try Proxy(endpoints: [server]) { $0.listen = SocketAddress(literal: listen) }
    let echo = try proxy.echo(server)
    let sender = try proxy.client(client)
    try sender.send(Array("hello".utf8), to: proxy.address)
    let reply = try #require(try sender.receive())
    #expect(reply.bytes == Array("hello".utf8))
    #expect(reply.source == proxy.address)
    #expect(echo.received == 1)
  }

  @Test(arguments: [
    ("192.0.2.7:7777", "198.51.100.1:0"), ("192.0.2.8:7777", "198.51.100.1:0"),
    ("[2001:db8::7]:7777", "[2001:db8::2]:0"),
  ])
  func aListenerOnAllAddressesRepliesFromTheOneThatWasAsked(asked: String, client: String) throws {
    let proxy = try Proxy(endpoints: ["198.51.100.200:9000"]) { $0.listen = SocketAddress(literal: "[::]:7777") }
    #expect(proxy.path.listening.map(\.description) == ["[::]:7777", "0.0.0.0:7777"])
    let echo = try proxy.echo("198.51.100.200:9000")
    let sender = try proxy.client(client)
    try sender.send([1, 2, 3], to: SocketAddress(literal: asked))
    let reply = try #require(try sender.receive())
    #expect(reply.source.description == asked)
    withExtendedLifetime(echo) {}
  }

  @Test(arguments: [0, 1, 1_472, 1_473, 65_506, 65_507])
  func datagramsArriveWhole(size: Int) throws {
    let proxy = try Proxy(endpoints: ["198.51.100.200:9000"])
    let echo = try proxy.echo("198.51.100.200:9000")
    let sender = try proxy.client()
    let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try sender.send(payload, to: proxy.address)
    let reply = try #require(try sender.receive())
    #expect(reply.bytes == payload)
    withExtendedLifetime(echo) {}
  }

  @Test func aPacketWithoutAChosenDestinationGoesToEveryEndpoint() throws {
    let servers = ["198.51.100.201:9000", "198.51.100.202:9000", "[2001:db8::203]:9000"]
    let proxy = try Proxy(endpoints: servers)
    let echoes = try servers.map { try proxy.echo($0, prefix: $0 + " ") }
    let sender = try proxy.client()
    try sender.send(Array("hi".utf8), to: proxy.address)
    let replies = try servers.map { _ in String(decoding: try #require(try sender.receive()).bytes, as: UTF8.self) }
    #expect(replies.sorted() == servers.map { $0 + " hi" }.sorted())
    withExtendedLifetime(echoes) {}
  }

  @Test func filtersSeeBothDirections() throws {
    let proxy = try Proxy(
      filters: "[{name: Tag, config: {letter: a}}, {name: Tag, config: {letter: b}}]",
      endpoints: ["198.51.100.200:9000"])
    let echo = try proxy.echo("198.51.100.200:9000")
    let sender = try proxy.client()
    try sender.send(Array("-".utf8), to: proxy.address)
    #expect(String(decoding: try #require(try sender.receive()).bytes, as: UTF8.self) == "-ab<<")
    withExtendedLifetime(echo) {}
  }

  @Test func whatWasChosenForADroppedPacketIsForgotten() throws {
    let proxy = try Proxy(
      filters: "[{name: Choose}, {name: DropLetter}]",
      endpoints: ["198.51.100.200:9000", "198.51.100.201:9000"]
    ) { $0.workers = 1 }
    let first = try UDPSocket(bind: "198.51.100.200:9000", in: proxy.namespace)
    let second = try UDPSocket(bind: "198.51.100.201:9000", in: proxy.namespace)
    let sender = try proxy.client()
    // The first packet chooses endpoint 0 and is dropped behind the router; the next two choose 1, the last one nothing.
    for round in 0..<100 {
      try sender.send(Array("0x".utf8), to: proxy.address)
      try sender.send(Array("1-\(round)".utf8), to: proxy.address)
      try sender.send(Array("0x\(round)".utf8), to: proxy.address)
      try sender.send(Array("all \(round)".utf8), to: proxy.address)
      #expect(try second.receive()?.bytes == Array("1-\(round)".utf8))
      #expect(try second.receive()?.bytes == Array("all \(round)".utf8))
      #expect(try first.receive()?.bytes == Array("all \(round)".utf8))
    }
    #expect(proxy.drops == ["DropLetter dropped": 200])
  }

  @Test func packetsOfASessionKeepTheirOrder() throws {
    let proxy = try Proxy(endpoints: ["198.51.100.200:9000"])
    let echo = try proxy.echo("198.51.100.200:9000")
    let sender = try proxy.client()
    var expected = 0
    // Windows of 100, so that no queue on the way runs over: what is lost says nothing of order.
    for start in stride(from: 0, to: 5_000, by: 100) {
      for number in start..<(start + 100) {
        try sender.send(withUnsafeBytes(of: UInt32(number)) { Array($0) }, to: proxy.address)
      }
      for _ in 0..<100 {
        let reply = try #require(try sender.receive())
        #expect(reply.bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) } == UInt32(expected))
        expected += 1
      }
    }
    withExtendedLifetime(echo) {}
  }

  @Test func withoutAnEndpointPacketsAreCounted() throws {
    let proxy = try Proxy(endpoints: [])
    let sender = try proxy.client()
    for _ in 0..<3 { try sender.send([1], to: proxy.address) }
    #expect(eventually { proxy.drops == ["proxy no_endpoints": 3] })
  }

  @Test func packetsAndBytesAreCounted() throws {
    let proxy = try Proxy(filters: "[{name: Tag, config: {letter: a}}]", endpoints: ["198.51.100.200:9000"])
    let echo = try proxy.echo("198.51.100.200:9000")
    let sender = try proxy.client()
    for _ in 0..<10 {
      try sender.send([1, 2, 3], to: proxy.address)
      _ = try #require(try sender.receive())
    }
    #expect(eventually { proxy.total("proxy_packets_sent_total", "write") == 10 })
    #expect(proxy.total("proxy_packets_received_total", "read") == 10)
    #expect(proxy.total("proxy_bytes_received_total", "read") == 30)
    #expect(proxy.total("proxy_packets_sent_total", "read") == 10)
    #expect(proxy.total("proxy_bytes_sent_total", "read") == 40)
    #expect(proxy.total("proxy_bytes_received_total", "write") == 40)
    #expect(proxy.total("proxy_bytes_sent_total", "write") == 50)
    withExtendedLifetime(echo) {}
  }
}
