import Conformance
import DataPath
import FilterKit
import SocketPath
import TestNetwork

/// The proxy of one case, with a socket for each of its clients and servers, in a namespace that takes every address as its own.
final class CaseNetwork {
  /// What the proxy itself calls the place of drops that no filter decided.
  static let proxyLabel = "proxy"
  private static let port: UInt16 = 7777
  /// Where the clients of each family send to.
  private static let listeners = ["10.0.0.1:\(port)", "[fd00::1]:\(port)"].map { SocketAddress(literal: $0) }

  private let path: SocketPath
  private let metrics = Metrics()
  private var sockets: CaseSockets

  init(_ test: ConformanceCase, registry: FilterRegistry) throws {
    let diagnostics = Diagnostics()
    let chain = Chain.read(test.filters, registry: registry, metrics: metrics, diagnostics: diagnostics, log: { _ in })
    guard !diagnostics.hasErrors else {
      throw CaseFailure(diagnostics.report.lines(in: "case").joined(separator: "\n"))
    }

    let namespace = try NetworkNamespace()
    for range in ["0.0.0.0/0", "::/0"] { try namespace.addLocalRange(range) }
    sockets = try CaseSockets(test, clientsIn: namespace, serversIn: namespace, listeners: Self.listeners)

    var options = SocketPathOptions()
    options.listen = SocketAddress(literal: "[::]:\(Self.port)")
    options.workers = 1
    let snapshot = Snapshot(chain: chain, routing: RoutingTable(test.endpoints))
    path = try namespace.run { [options, metrics] in try SocketPath(options, snapshot: snapshot, metrics: metrics) }
    // The worker opens sockets too, so its thread must live in the namespace.
    try namespace.run { [path] in try path.start() }
  }

  deinit { path.stop() }

  /// All counters now.
  var totals: MetricTotals { MetricTotals(metrics) }

  /// Sends one packet, and waits until its copies have arrived or its drop was counted.
  func run(_ step: ConformanceCase.Step) throws -> CaseResult.Outcome {
    let before = totals.drops
    try sockets.send(step)
    var deliveries: [CaseResult.Delivery] = []
    var reason: String?
    let wanted = sockets.copies(of: step)
    let isOver = try eventually {
      // The counters first: a drop that was counted leaves nothing that could still arrive.
      reason = totals.newReason(since: before)
      deliveries += try sockets.arrived()
      return reason != nil || deliveries.count >= wanted
    }
    guard isOver || !deliveries.isEmpty else {
      throw CaseFailure("line \(step.line): the packet neither arrived nor was counted as dropped")
    }
    return CaseResult.Outcome(deliveries: deliveries, reason: reason)
  }

  /// Ends the proxy, and gives what arrived since the last step.
  func stop() throws -> [CaseResult.Delivery] {
    path.stop()
    return try sockets.arrived()
  }
}
