import DataPath
import FilterKit
import Filters
import KernelPath
import ProxyConfiguration
import SocketPath
import TestNetwork
import Testing

/// Both paths between a client and servers, under configurations that change.
final class LiveProxy {
  static let listener = SocketAddress(literal: "10.1.0.1:7777")
  /// Takes the token "abcd" and the like off the end.
  static let byToken = "[{name: Capture, config: {suffix: {size: 4, remove: true}}}, {name: TokenRouter}]"

  let network: TwoCables
  let metrics = Metrics()
  let kernel: KernelPath
  let sockets: SocketPath

  private let usesKernel: Bool
  private let registry: FilterRegistry
  private let states = FilterStates()

  /// - Parameters:
  ///   - endpoints: addresses with their tokens, of 4 bytes each.
  ///   - usesKernel: false for sockets alone.
  ///   - registry: the filters that it may have.
  init(
    _ filters: String, _ endpoints: [String: [String]], network: TwoCables? = nil, usesKernel: Bool = true,
    registry: FilterRegistry = .builtin, _ change: (inout KernelPathOptions) -> Void = { _ in }
  ) throws {
    self.network = try network ?? TwoCables()
    self.usesKernel = usesKernel
    self.registry = registry
    var options = SocketPathOptions()
    options.listen = Self.listener
    options.workers = 1
    var kernelOptions = KernelPathOptions()
    kernelOptions.mode = .generic
    kernelOptions.maxSessions = 1_000
    change(&kernelOptions)
    options.idleTimeout = kernelOptions.idleTimeout
    kernel = KernelPath(kernelOptions, metrics: metrics)
    let snapshot = try Self.snapshot(filters, endpoints, registry, metrics, states)
    sockets = try self.network.proxy.run { [options, metrics, kernel] in
      if usesKernel { try kernel.apply(snapshot, listening: [options.listen]) }
      let mirror = usesKernel ? kernel : nil
      let sockets = try SocketPath(options, snapshot: snapshot, metrics: metrics, mirror: mirror)
      try sockets.start()
      return sockets
    }
  }

  deinit {
    kernel.stop()
    sockets.stop()
  }

  /// Gives both paths another configuration, in the order in which a proxy does.
  func apply(_ filters: String, _ endpoints: [String: [String]], isForKernel: Bool = true) throws {
    let snapshot = try Self.snapshot(filters, endpoints, registry, metrics, states)
    #expect(sockets.apply(snapshot))
    guard usesKernel else { return }
    do {
      try network.proxy.run { try kernel.apply(snapshot, listening: [Self.listener]) }
    } catch {
      // The sockets may serve it alone.
      if isForKernel { throw error }
    }
  }

  /// The sum of a family's series with these labels, up to date.
  func total(_ name: String, _ labels: [String: String] = [:]) -> UInt64 {
    kernel.refreshCounters()
    return metrics.total(name, labels)
  }

  /// The number of the program on an interface, or nil without one.
  func program(on interface: String = "front") throws -> Substring? {
    let words = try network.proxy.ip("link", "show", interface).split { $0 == " " || $0 == "\n" }
    return words.firstIndex(of: "prog/xdp").map { words[$0 + 2] }
  }

  private static func snapshot(
    _ filters: String, _ endpoints: [String: [String]], _ registry: FilterRegistry, _ metrics: Metrics,
    _ states: FilterStates
  ) throws -> Snapshot {
    let list = endpoints.sorted { $0.key < $1.key }.map { address, tokens in
      let tokens = tokens.map { Base64.encode(Array($0.utf8)) }.joined(separator: ", ")
      return "{address: '\(address)', metadata: {quilkin.dev: {tokens: [\(tokens)]}}}"
    }
    let text = "version: v1alpha1\nfilters: \(filters)\nclusters: [{endpoints: [\(list.joined(separator: ", "))]}]\n"
    let configuration = try ConfigurationFile.read(
      Array(text.utf8), file: "test.yaml", registry: registry, metrics: metrics, states: states)
    let routes = configuration.endpoints.map { RoutingTable.Endpoint($0.address.socketAddress!, tokens: $0.tokens) }
    return Snapshot(chain: configuration.chain, routing: RoutingTable(routes))
  }
}
