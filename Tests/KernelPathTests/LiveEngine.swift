import Conformance
import DataPath
import FilterKit
import Filters
import KernelPath
import SocketPath
import TestNetwork

/// Runs cases through both paths with real packets between namespaces. Each session is made beforehand, so that all packets of the
/// case are the kernel's; what reaches the sockets nevertheless is an error, apart from what goes to no single endpoint.
struct LiveEngine: ConformanceEngine {
  let network: LiveNetwork

  func run(_ test: ConformanceCase) throws -> CaseResult {
    let proxy = try CaseProxy(test, in: network)
    defer { proxy.stop() }
    for step in test.steps { try proxy.warmUp(step) }
    let before = proxy.totals
    let outcomes = try test.steps.flatMap { step in
      try (0..<step.times).map { _ in try proxy.run(step) }
    }
    let after = proxy.totals
    return CaseResult(
      outcomes: outcomes, counters: Self.difference(after.drops, before.drops),
      metrics: after.counters.merging(before.counters) { $0 - $1 })
  }

  private static func difference(
    _ after: [String: [String: UInt64]], _ before: [String: [String: UInt64]]
  ) -> [String: [String: UInt64]] {
    var result: [String: [String: UInt64]] = [:]
    for (filter, reasons) in after where filter != "proxy" {
      let counts = reasons.merging(before[filter] ?? [:]) { $0 - $1 }.filter { $0.value > 0 }
      if !counts.isEmpty { result[filter] = counts }
    }
    return result
  }
}

/// Both paths, set up for one case.
private final class CaseProxy {
  private let metrics = Metrics()
  private let kernel: KernelPath
  private let path: SocketPath
  private var sockets: CaseSockets

  init(_ test: ConformanceCase, in network: LiveNetwork) throws {
    let diagnostics = Diagnostics()
    let chain = Chain.read(test.filters, registry: .builtin, metrics: metrics, diagnostics: diagnostics, log: { _ in })
    guard !diagnostics.hasErrors else {
      throw CaseFailure(diagnostics.report.lines(in: "case").joined(separator: "\n"))
    }
    try network.place(
      clients: test.steps.filter { $0.direction == .read }.map(\.source), servers: test.endpoints.map(\.address))
    sockets = try CaseSockets(
      test, clientsIn: network.client, serversIn: network.server, listeners: LiveNetwork.listeners)
    var options = SocketPathOptions()
    options.listen = SocketAddress(literal: "[::]:7777")
    options.workers = 1
    var kernelOptions = KernelPathOptions()
    kernelOptions.interfaces = ["front", "back"]
    kernelOptions.mode = .generic
    kernelOptions.maxSessions = 1_000
    let snapshot = Snapshot(chain: chain, routing: RoutingTable(test.endpoints))
    let kernel = KernelPath(kernelOptions, metrics: metrics)
    self.kernel = kernel
    path = try network.proxy.run { [options, metrics] in
      try kernel.apply(snapshot, listening: LiveNetwork.listeners)
      let path = try SocketPath(options, snapshot: snapshot, metrics: metrics, mirror: kernel)
      try path.start()
      return path
    }
  }

  func stop() {
    path.stop()
    kernel.stop()
  }

  /// All counters now, those of the kernel's program too.
  var totals: MetricTotals {
    kernel.refreshCounters()
    return MetricTotals(metrics)
  }

  /// Sends a packet of the case until the kernel carries it: the first one makes its session, or finds its next hop's link address.
  func warmUp(_ step: ConformanceCase.Step) throws {
    guard case .forwarded = step.expected else { return }
    for _ in 0..<5 {
      let received = metrics.total("proxy_packets_received_total", ["path": "socket"])
      _ = try outcome(of: step)
      if isForSockets(step) || metrics.total("proxy_packets_received_total", ["path": "socket"]) == received { return }
    }
    throw CaseFailure("line \(step.line): the kernel does not carry this packet")
  }

  func run(_ step: ConformanceCase.Step) throws -> CaseResult.Outcome {
    let received = metrics.total("proxy_packets_received_total", ["path": "socket"])
    let outcome = try outcome(of: step)
    let bySockets = metrics.total("proxy_packets_received_total", ["path": "socket"]) - received
    guard bySockets == (isForSockets(step) ? 1 : 0) else {
      throw CaseFailure("line \(step.line): \(bySockets) packets reached the sockets")
    }
    return outcome
  }

  /// Whether the packet goes to no single endpoint, which the kernel hands over.
  private func isForSockets(_ step: ConformanceCase.Step) -> Bool {
    switch step.expected {
    case .forwarded: sockets.copies(of: step) != 1
    case .dropped(let reason): reason == DropReason.noEndpoints.name
    }
  }

  private func outcome(of step: ConformanceCase.Step) throws -> CaseResult.Outcome {
    let before = totals.drops
    try sockets.send(step)
    var deliveries: [CaseResult.Delivery] = []
    var reason: String?
    let wanted = sockets.copies(of: step)
    let isOver = try eventually {
      reason = totals.newReason(since: before)
      deliveries += try sockets.arrived()
      return reason != nil || deliveries.count >= wanted
    }
    guard isOver else { throw CaseFailure("line \(step.line): the packet neither arrived nor was counted as dropped") }
    return CaseResult.Outcome(deliveries: deliveries, reason: reason)
  }
}
