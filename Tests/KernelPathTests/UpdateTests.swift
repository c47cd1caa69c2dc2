import Dispatch
import FilterKit
import Glibc
import KernelPath
import Synchronization
import TestNetwork
import Testing

/// Configurations that change while sessions go on.
@Suite(.requiresNamespaces, .serialized) struct UpdateTests {
  private static let first = "10.2.0.2:9000"
  private static let second = "10.2.0.2:9001"
  private static let third = "10.2.0.2:9002"

  @Test func endpointsAndTokensChangeInPlace() throws {
    let proxy = try LiveProxy(LiveProxy.byToken, [Self.first: ["aaaa"]])
    let program = try #require(try proxy.program())
    let client = try UDPSocket(bind: "10.1.0.2:5000", in: proxy.network.client)
    let servers = try [Self.first, Self.second, Self.third].map { try UDPSocket(bind: $0, in: proxy.network.server) }
    /// Where the packets of a token go, with the source that they come from.
    func route(_ token: String) throws -> (server: Int, source: SocketAddress)? {
      try client.send(Array(token.utf8), to: LiveProxy.listener)
      for _ in 0..<200 {
        for (number, server) in servers.enumerated() {
          if let packet = try server.receive(within: .milliseconds(1)) { return (number, packet.source) }
        }
        if proxy.total("proxy_drops_total") > drops {
          drops += 1
          return nil
        }
      }
      Issue.record("the packet of \(token) is nowhere")
      return nil
    }
    var drops: UInt64 = 0
    let source = try #require(try route("aaaa")).source
    #expect(try route("bbbb") == nil)

    try proxy.apply(LiveProxy.byToken, [Self.first: ["aaaa"], Self.second: ["bbbb"]])
    #expect(try route("aaaa")?.server == 0)
    #expect(try route("bbbb")?.server == 1)
    // A token moves; the session that the client has already goes on by its port.
    try proxy.apply(LiveProxy.byToken, [Self.first: ["bbbb"], Self.second: ["aaaa"]])
    #expect(try route("aaaa")?.server == 1)
    #expect(try #require(try route("bbbb")) == (0, source))
    // Endpoints come and go, one hundred times: numbers are used again.
    for _ in 0..<50 {
      try proxy.apply(LiveProxy.byToken, [Self.third: ["aaaa"]])
      try proxy.apply(LiveProxy.byToken, [Self.first: ["bbbb"], Self.third: ["cccc"]])
    }
    #expect(try route("aaaa") == nil)
    #expect(try #require(try route("bbbb")) == (0, source))
    #expect(try route("cccc")?.server == 2)
    #expect(try #require(try proxy.program()) == program)
  }

  @Test func manyTokensGetALargerMap() throws {
    let proxy = try LiveProxy(LiveProxy.byToken, [Self.first: ["abcd"]])
    let program = try #require(try proxy.program())
    let client = try UDPSocket(bind: "10.1.0.2:5000", in: proxy.network.client)
    let server = try UDPSocket(bind: SocketAddress(literal: Self.first), in: proxy.network.server)
    func exchange() throws -> SocketAddress {
      try client.send(Array("xabcd".utf8), to: LiveProxy.listener)
      return try #require(try server.receive()).source
    }
    let source = try exchange()
    let many = (0..<5_000).map { number in "t\(number)".padding(to: 4) } + ["abcd"]
    try proxy.apply(LiveProxy.byToken, [Self.first: many])
    #expect(try #require(try proxy.program()) != program)
    for _ in 0..<5 { #expect(try exchange() == source) }
    #expect(proxy.total("proxy_packets_received_total", ["path": "socket"]) == 1)
  }

  @Test func interfacesComeAndGoWithTheEndpoints() throws {
    let network = try TwoCables()
    let other = try NetworkNamespace()
    try network.proxy.link(to: other, name: "side")
    try network.proxy.addAddress("10.5.0.1/24", to: "side")
    try other.addAddress("10.5.0.2/24")
    let proxy = try LiveProxy("[]", [Self.first: []], network: network)
    #expect(proxy.kernel.attached == ["front (generic)", "back (generic)"])
    let client = try UDPSocket(bind: "10.1.0.2:5000", in: network.client)
    let servers = [
      try UDPSocket(bind: SocketAddress(literal: Self.first), in: network.server),
      try UDPSocket(bind: "10.5.0.2:9000", in: other),
    ]
    func exchange(with server: UDPSocket) throws -> SocketAddress {
      var source: SocketAddress?
      for _ in 0..<5 {
        try client.send([1, 2, 3], to: LiveProxy.listener)
        let packet = try #require(try server.receive())
        #expect(source == nil || source == packet.source)
        source = packet.source
        try server.send([4], to: packet.source)
        #expect(try client.receive()?.bytes == [4])
      }
      return source!
    }
    var sources = [try exchange(with: servers[0])]
    for round in 0..<4 {
      let number = 1 - round % 2
      let before = proxy.total("proxy_packets_sent_total", ["path": "kernel"])
      try proxy.apply("[]", [number == 0 ? Self.first : "10.5.0.2:9000": []])
      #expect(proxy.kernel.attached == ["front (generic)", "\(number == 0 ? "back" : "side") (generic)"])
      let source = try exchange(with: servers[number])
      if sources.count == number { sources.append(source) }
      #expect(sources[number] == source)
      #expect(proxy.total("proxy_packets_sent_total", ["path": "kernel"]) >= before + 8)
      // The session with the server that has left goes on, by the sockets.
      try servers[1 - number].send([5], to: sources[1 - number])
      #expect(try client.receive()?.bytes == [5])
    }
  }

  /// Chains that take different tokens off, each with routes of its own: a packet that one chain cut and the other routed shows.
  @Test func noPacketIsLostOrSeesHalfOfAChange() throws {
    let short = "[{name: Capture, config: {suffix: {size: 1, remove: true}}}, {name: TokenRouter}]"
    // By the short chain a packet ends with "A" and reaches the first server with "A" of "AA" left; by the long one nothing is left,
    // and it reaches the second.
    let long = "[{name: Capture, config: {suffix: {size: 2, remove: true}}}, {name: TokenRouter}]"
    let configurations = [
      (short, [Self.first: ["A"], Self.second: ["unused"]]), (long, [Self.first: ["unused"], Self.second: ["AA"]]),
      (long, [Self.first: ["AA"], Self.second: ["unused"]]), (short, [Self.first: ["unused"], Self.second: ["A"]]),
    ]
    let proxy = try LiveProxy(configurations[0].0, configurations[0].1)
    let client = try UDPSocket(bind: "10.1.0.2:5000", in: proxy.network.client)
    let servers = try [Self.first, Self.second].map { try UDPSocket(bind: $0, in: proxy.network.server) }
    // Both sessions are there before.
    for (number, configuration) in configurations.enumerated() {
      try proxy.apply(configuration.0, configuration.1)
      try client.send(Array("0 AA".utf8), to: LiveProxy.listener)
      let server = servers[number == 0 || number == 2 ? 0 : 1]
      #expect(try server.receive() != nil)
    }

    let sender = Sender(client)
    sender.start()
    var seen: Set<Int> = []
    var problems: [String] = []
    func collect() throws {
      for (number, server) in servers.enumerated() {
        while let packet = try server.receiveNow() {
          let text = String(decoding: packet.bytes, as: UTF8.self)
          let parts = text.split(separator: " ", omittingEmptySubsequences: false)
          guard let count = Int(parts[0]), seen.insert(count).inserted else {
            problems.append("twice or not at all: \(text)")
            continue
          }
          if parts[1] != "" && parts[1] != "A" { problems.append("\(number): \(text)") }
        }
      }
    }
    for round in 0..<40 {
      let configuration = configurations[round % 4]
      try proxy.apply(configuration.0, configuration.1)
      let start = sender.sent
      #expect(
        try eventually {
          try collect()
          sender.received(seen.count)
          return sender.sent >= start + 20
        })
    }
    let total = sender.stop()
    let isComplete = try eventually {
      try collect()
      return seen.count == total
    }
    let lost = Set(1...total).subtracting(seen).sorted()
    #expect(isComplete, "lost \(lost.count) of \(total): \(lost.prefix(20))")
    #expect(problems == [])
    #expect(proxy.total("proxy_drops_total") == 0)
  }

  /// Sends numbered packets, some thousands a second, on a thread of its own. It waits where so many are under way that a server's
  /// socket may have no room for more.
  private final class Sender: Sendable {
    private static let underWay = 1_000
    private let client: UDPSocket
    private let count = Atomic(0)
    private let arrived = Atomic(0)
    private let isOver = Atomic(false)
    private let end = DispatchSemaphore(value: 0)

    init(_ client: UDPSocket) { self.client = client }

    var sent: Int { count.load(ordering: .relaxed) }

    /// Says how many have arrived.
    func received(_ count: Int) { arrived.store(count, ordering: .relaxed) }

    func start() {
      DispatchQueue.global().async { [self] in
        while !isOver.load(ordering: .relaxed) {
          for _ in 0..<10 where sent < arrived.load(ordering: .relaxed) + Self.underWay {
            let number = count.add(1, ordering: .relaxed).newValue
            try? client.send(Array("\(number) AA".utf8), to: LiveProxy.listener)
          }
          poll(nil, 0, 1)
        }
        end.signal()
      }
    }

    /// - Returns: How many packets were sent.
    func stop() -> Int {
      isOver.store(true, ordering: .relaxed)
      end.wait()
      return sent
    }
  }
}

extension String {
  fileprivate func padding(to size: Int) -> String { self + String(repeating: " ", count: max(0, size - utf8.count)) }
}
