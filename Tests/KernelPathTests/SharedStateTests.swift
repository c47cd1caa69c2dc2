import AuthorFilters
import FilterKit
import KernelPath
import TestNetwork
import Testing

/// What filters remember, where a client's packets go by both paths, and what the kernel does of a chain that is not all its own.
@Suite(.requiresNamespaces, .serialized) struct SharedStateTests {
  private func client(of proxy: LiveProxy) throws -> UDPSocket {
    try UDPSocket(bind: "10.1.0.2:5000", in: proxy.network.client)
  }

  @Test(arguments: ["ROUND_ROBIN", "HASH", "CONSISTENT_HASH"])
  func aBalancerChoosesAlikeOnBothPaths(policy: String) throws {
    let addresses = ["10.2.0.2:9000", "10.2.0.2:9001", "10.2.0.2:9002"]
    let proxy = try LiveProxy(
      "[{name: LoadBalancer, config: {policy: \(policy)}}]",
      Dictionary(uniqueKeysWithValues: addresses.map { ($0, []) }))
    let servers = try addresses.map { try UDPSocket(bind: $0, in: proxy.network.server) }
    let client = try client(of: proxy)
    var chosen: [Int] = []
    for number in 0..<30 {
      try client.send([UInt8(number)], to: LiveProxy.listener)
      var found: Int?
      #expect(
        try eventually {
          found = try servers.firstIndex { try $0.receiveNow() != nil }
          return found != nil
        })
      chosen.append(try #require(found))
    }
    // The first packet to each is the sockets', and takes no turn of the kernel's.
    #expect(chosen == chosen.indices.map { policy == "ROUND_ROBIN" ? (chosen[0] + $0) % 3 : chosen[0] })
    #expect(proxy.total("proxy_packets_sent_total", ["direction": "read", "path": "kernel"]) >= 20)
  }

  @Test func aLimitCountsThePacketsOfBothPaths() throws {
    let proxy = try LiveProxy(
      "[{name: LocalRateLimit, config: {max_packets: 12, period: 3600}}]", ["10.2.0.2:9000": []])
    let server = try UDPSocket(bind: "10.2.0.2:9000", in: proxy.network.server)
    let client = try client(of: proxy)
    for number in 0..<8 {
      try client.send([UInt8(number)], to: LiveProxy.listener)
      _ = try #require(try server.receive())
    }
    #expect(proxy.total("proxy_packets_sent_total", ["direction": "read", "path": "kernel"]) >= 4)
    // On the sockets alone the count goes on.
    proxy.kernel.stop()
    for number in 8..<20 { try client.send([UInt8(number)], to: LiveProxy.listener) }
    for number in 8..<12 { #expect(try server.receive()?.bytes == [UInt8(number)]) }
    #expect(eventually { proxy.total("proxy_drops_total", ["reason": "rate_limited"]) == 8 })
    #expect(try server.receiveNow() == nil)
  }

  @Test func whatTheSocketsWouldDropIsDroppedEarly() throws {
    let chain = """
      [{name: Capture, config: {suffix: {size: 4, remove: true}}}, {name: TokenRouter},
       {name: Compress, config: {on_read: COMPRESS}}]
      """
    let proxy = try LiveProxy(chain, ["10.2.0.2:9000": ["good"]])
    let server = try UDPSocket(bind: "10.2.0.2:9000", in: proxy.network.server)
    let client = try client(of: proxy)
    for _ in 0..<10 { try client.send(Array("a flood of bad".utf8), to: LiveProxy.listener) }
    try client.send(Array("and one good".utf8), to: LiveProxy.listener)
    #expect(try server.receive() != nil)
    #expect(proxy.total("proxy_drops_total", ["filter": "TokenRouter", "reason": "token_unknown"]) == 10)
    #expect(proxy.total("proxy_packets_received_total", ["direction": "read", "path": "kernel"]) == 10)
    #expect(proxy.total("proxy_packets_received_total", ["direction": "read", "path": "socket"]) == 1)
  }

  @Test func aBranchForTheSocketsLeavesTheOthersToTheKernel() throws {
    let chain = """
      [{name: Capture, config: {prefix: {size: 1}}},
       {name: Match, config: {on_read: {metadataKey: quilkin.dev/capture, branches: [
         {value: "k", name: Pass}, {value: "s", name: Compress, config: {on_read: COMPRESS}}]}}}]
      """
    let proxy = try LiveProxy(chain, ["10.2.0.2:9000": []])
    let server = try UDPSocket(bind: "10.2.0.2:9000", in: proxy.network.server)
    let client = try client(of: proxy)
    func send(_ text: String, _ count: Int) throws {
      for _ in 0..<count {
        try client.send(Array(text.utf8), to: LiveProxy.listener)
        _ = try #require(try server.receive())
      }
    }
    try send("k: a session", 3)
    let before = proxy.total("proxy_packets_received_total", ["path": "socket"])
    try send("k: carried", 5)
    #expect(proxy.total("proxy_packets_received_total", ["path": "socket"]) == before)
    try send("s: compressed", 5)
    #expect(proxy.total("proxy_packets_received_total", ["path": "socket"]) == before + 5)
    #expect(proxy.total("proxy_match_total", ["branch": "0"]) == 8)
    #expect(proxy.total("proxy_match_total", ["branch": "1"]) == 5)
  }

  @Test func anAuthorsStateGoesOnWithAnotherChain() throws {
    let limit = "{name: GroupLimit, config: {groups: [a, b], limit: 10}}"
    let proxy = try LiveProxy("[\(limit)]", ["10.2.0.2:9000": []], registry: .authors)
    let server = try UDPSocket(bind: "10.2.0.2:9000", in: proxy.network.server)
    let client = try client(of: proxy)
    func send(_ group: Character, _ count: Int) throws {
      for _ in 0..<count {
        try client.send([1, group.asciiValue!], to: LiveProxy.listener)
        _ = try #require(try server.receive())
      }
    }
    let carried = ["direction": "read", "path": "kernel"]
    try send("a", 4)
    #expect(proxy.total("proxy_packets_sent_total", carried) >= 2)
    // Other chains around the same state, and one that has none in between.
    try proxy.apply(
      "[{name: Pass}, \(limit), {name: GroupLimit, config: {groups: [a, b, c], limit: 100}}]", ["10.2.0.2:9000": []])
    try send("a", 3)
    try send("b", 1)
    try proxy.apply("[\(limit)]", ["10.2.0.2:9000": []])
    try send("a", 2)
    let before = proxy.total("proxy_packets_sent_total", carried)
    try send("a", 1)
    #expect(proxy.total("proxy_packets_sent_total", carried) == before + 1)
    // On the sockets alone too.
    proxy.kernel.stop()
    for _ in 0..<3 { try client.send([1, UInt8(ascii: "a")], to: LiveProxy.listener) }
    #expect(eventually { proxy.total("proxy_drops_total", ["reason": "group_limit"]) == 3 })
    try send("b", 9)
    #expect(proxy.total("author_group_passed_total", ["filter": "GroupLimit"]) == 20)
  }
}
