import CDataPath
import DataPath
import FilterKit
import Filters
import Glibc
import KernelPath
import ProxyConfiguration
import SocketPath
import TestNetwork
import Testing

/// Both paths together, with real packets between namespaces: a client and a server, each behind a cable of its own.
@Suite(.requiresNamespaces, .serialized) struct NetworkTests {
  final class Network {
    let client: NetworkNamespace
    let proxy: NetworkNamespace
    let server: NetworkNamespace

    init() throws {
      client = try NetworkNamespace()
      proxy = try NetworkNamespace()
      server = try NetworkNamespace()
      try proxy.link(to: client, name: "front")
      try proxy.link(to: server, name: "back")
      for (namespace, interface, addresses) in [
        (proxy, "front", ["10.1.0.1/24", "fd01::1/64"]), (client, "eth0", ["10.1.0.2/24", "fd01::2/64"]),
        (proxy, "back", ["10.2.0.1/24", "fd02::1/64"]), (server, "eth0", ["10.2.0.2/24", "fd02::2/64"]),
      ] {
        for address in addresses { try namespace.addAddress(address, to: interface) }
      }
    }
  }

  static let filters = """
    [{name: Capture, config: {suffix: {size: 1, remove: true}, metadataKey: version}},
     {name: Match, config: {on_read: {metadataKey: version, branches: [{value: 1, name: Pass}]}}},
     {name: Capture, config: {suffix: {size: 4, remove: true}}}, {name: TokenRouter}]
    """

  /// Both paths with one endpoint whose token is "abcd".
  final class Paths {
    let network = try! Network()
    let metrics = Metrics()
    let kernel: KernelPath
    let sockets: SocketPath

    init(listen: String, server: String, idleTimeout: Duration = .seconds(60)) throws {
      let configuration = try ConfigurationFile.read(
        """
        version: v1alpha1
        filters: \(NetworkTests.filters)
        clusters: [{endpoints: [{address: '\(server)', metadata: {quilkin.dev: {tokens: [YWJjZA==]}}}]}]
        """, file: "test.yaml", registry: .builtin, metrics: metrics)
      let endpoints = configuration.endpoints.map {
        RoutingTable.Endpoint($0.address.socketAddress!, tokens: $0.tokens)
      }
      let snapshot = Snapshot(chain: configuration.chain, routing: RoutingTable(endpoints))
      var options = SocketPathOptions()
      options.listen = SocketAddress(literal: listen)
      options.workers = 1
      options.idleTimeout = idleTimeout
      var kernelOptions = KernelPathOptions()
      kernelOptions.mode = .generic
      kernelOptions.maxSessions = 1_000
      kernelOptions.idleTimeout = idleTimeout
      let kernel = KernelPath(kernelOptions, metrics: metrics)
      self.kernel = kernel
      sockets = try network.proxy.run { [options, metrics] in
        try kernel.apply(snapshot, listening: [options.listen])
        let sockets = try SocketPath(options, snapshot: snapshot, metrics: metrics, mirror: kernel)
        try sockets.start()
        return sockets
      }
    }

    deinit { sockets.stop() }
  }

  @Test func packetsInTheKernelKeepASessionAlive() throws {
    let paths = try Paths(listen: "10.1.0.1:7777", server: "10.2.0.2:9000", idleTimeout: .milliseconds(600))
    let sender = try UDPSocket(bind: "10.1.0.2:5000", in: paths.network.client)
    let receiver = try UDPSocket(bind: "10.2.0.2:9000", in: paths.network.server)
    let clock = ContinuousClock()
    let start = clock.now
    var sources: Set<SocketAddress> = []
    while clock.now - start < .seconds(2) {
      try sender.send(Array("on and onabcd\u{1}".utf8), to: SocketAddress(literal: "10.1.0.1:7777"))
      sources.insert(try #require(try receiver.receive()).source)
    }
    #expect(sources.count == 1)
    // What the kernel saw counts also when it is not asked any more.
    paths.kernel.stop()
    #expect(!eventually(within: .milliseconds(400)) { paths.sockets.activeSessions == 0 })
    #expect(paths.metrics.total("proxy_sessions_total") == 1)
    #expect(paths.metrics.total("proxy_packets_received_total", ["path": "socket"]) < 5)
    // Without packets on either path it ends.
    #expect(eventually { paths.sockets.activeSessions == 0 })
  }

  @Test(arguments: [
    ("10.1.0.1:7777", "10.1.0.2:5000", "10.2.0.2:9000"), ("[fd01::1]:7777", "[fd01::2]:5000", "[fd02::2]:9000"),
    ("10.1.0.1:7777", "10.1.0.2:5000", "[fd02::2]:9000"), ("[fd01::1]:7777", "[fd01::2]:5000", "10.2.0.2:9000"),
  ])
  func afterTheFirstPacketTheKernelCarriesTheSession(listen: String, client: String, server: String) throws {
    let paths = try Paths(listen: listen, server: server)
    let (network, metrics, kernel) = (paths.network, paths.metrics, paths.kernel)
    let listener = SocketAddress(literal: listen)
    #expect(kernel.attached == ["front (generic)", "back (generic)"])
    let sender = try UDPSocket(bind: client, in: network.client)
    let receiver = try UDPSocket(bind: server, in: network.server)

    var sources: Set<SocketAddress> = []
    for number in 0..<20 {
      try sender.send(Array("hello \(number)abcd\u{1}".utf8), to: listener)
      let packet = try #require(try receiver.receive())
      #expect(packet.bytes == Array("hello \(number)".utf8))
      sources.insert(packet.source)
      try receiver.send(Array("answer \(number)".utf8), to: packet.source)
      let answer = try #require(try sender.receive())
      #expect(answer.bytes == Array("answer \(number)".utf8))
      #expect(answer.source == listener)
    }
    #expect(sources.count == 1)
    // All but the first were carried by the kernel, in both directions.
    let bySockets = metrics.total("proxy_packets_received_total", ["path": "socket"])
    #expect(bySockets < 10, "\(bySockets) packets went by the sockets")

    // Away in the middle of traffic: the same source port goes on.
    kernel.stop()
    try sender.send(Array("on socketsabcd\u{1}".utf8), to: listener)
    let packet = try #require(try receiver.receive())
    #expect(packet.bytes == Array("on sockets".utf8))
    #expect(sources.contains(packet.source))
    #expect(metrics.total("proxy_packets_received_total", ["path": "socket"]) > bySockets)
  }
}

extension Metrics {
  /// The sum of the series of a family that have these labels.
  func total(_ name: String, _ labels: [String: String] = [:]) -> UInt64 {
    snapshot().filter { $0.family.name == name }.flatMap { zip($0.family.series, $0.totals) }
      .filter { series, _ in labels.allSatisfy { label in series.labels.contains { $0 == label } } }
      .reduce(0) { $0 &+ $1.1[0] }
  }
}
