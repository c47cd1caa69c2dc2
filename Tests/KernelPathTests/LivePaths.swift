import DataPath
import FilterKit
import Filters
import KernelPath
import ProxyConfiguration
import SocketPath
import TestNetwork

/// Both paths in this process, serving in the proxy's namespace of a `ProxyNetwork`, with an endpoint for each of some servers.
final class LivePaths {
  let network = try! ProxyNetwork()
  let metrics = Metrics()
  let kernel: KernelPath
  let sockets: SocketPath
  private let snapshot: Snapshot

  /// A version byte that a Match looks at, and a token of 4 bytes before it.
  static let filters = """
    [{name: Capture, config: {suffix: {size: 1, remove: true}, metadataKey: version}},
     {name: Match, config: {on_read: {metadataKey: version, branches: [{value: 1, name: Pass}]}}},
     {name: Capture, config: {suffix: {size: 4, remove: true}}}, {name: TokenRouter}]
    """

  /// What a client sends so that a payload reaches the server of a number.
  static func datagram(_ payload: String, to server: Int) -> [UInt8] { Array("\(payload)tok\(server)\u{1}".utf8) }

  /// - Parameters:
  ///   - servers: The addresses of the endpoints. The token of number n is `tokn`.
  ///   - prepare: Changes the network before the proxy looks at it.
  init(
    _ servers: [String], mode: AttachMode = .generic, interfaces: [String] = [], idleTimeout: Duration = .seconds(60),
    prepare: (ProxyNetwork) throws -> Void = { _ in }
  ) throws {
    try prepare(network)
    let endpoints = servers.enumerated().map { number, server in
      let token = Base64.encode(Array("tok\(number)".utf8))
      return "{address: '\(server)', metadata: {quilkin.dev: {tokens: [\(token)]}}}"
    }
    let configuration = try ConfigurationFile.read(
      """
      version: v1alpha1
      filters: \(Self.filters)
      clusters: [{endpoints: [\(endpoints.joined(separator: ", "))]}]
      """, file: "test.yaml", registry: .builtin, metrics: metrics)
    let snapshot = Snapshot(
      chain: configuration.chain,
      routing: RoutingTable(
        configuration.endpoints.map { RoutingTable.Endpoint($0.address.socketAddress!, tokens: $0.tokens) }))
    self.snapshot = snapshot
    var options = SocketPathOptions()
    options.listen = SocketAddress(literal: "[::]:7777")
    options.workers = 1
    options.idleTimeout = idleTimeout
    var kernelOptions = KernelPathOptions()
    kernelOptions.interfaces = interfaces
    kernelOptions.mode = mode
    kernelOptions.maxSessions = 1_000
    kernelOptions.idleTimeout = idleTimeout
    let kernel = KernelPath(kernelOptions, metrics: metrics)
    self.kernel = kernel
    sockets = try network.proxy.run { [options, metrics] in
      try SocketPath(options, snapshot: snapshot, metrics: metrics, mirror: kernel)
    }
    try attach()
    try network.proxy.run { [sockets] in try sockets.start() }
  }

  deinit {
    kernel.stop()
    sockets.stop()
  }

  /// Puts the kernel path in place, at first or after it was stopped.
  func attach() throws {
    try network.proxy.run { try kernel.apply(snapshot, listening: sockets.listening) }
  }

  /// How many packets the sockets have received, of both directions.
  var bySockets: UInt64 {
    metrics.total("proxy_packets_received_total", ["path": "socket"])
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
