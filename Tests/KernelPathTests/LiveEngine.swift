import DataPath
import FilterKit
import FilterTesting
import KernelPath
import SocketPath
import TestNetwork

/// Runs cases through both paths with real packets between namespaces. Each session is made beforehand, so that all packets of the
/// case are the kernel's; what reaches the sockets nevertheless is an error, apart from what goes to no single endpoint.
struct LiveEngine: CaseEngine {
  let network: LiveNetwork

  func run(_ test: FilterCase) throws -> CaseResult {
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
  private let sockets: TrialSockets

  init(_ test: FilterCase, in network: LiveNetwork) throws {
    let chain = try test.chain.make(metrics)
    try network.place(
      clients: test.steps.filter { $0.direction == .read }.map(\.source), servers: test.endpoints.map(\.address))
    sockets = try TrialSockets(
      servers: test.endpoints.map(\.address), listeners: LiveNetwork.listeners, clientsIn: network.client,
      serversIn: network.server)
    for step in test.steps where step.direction == .read { try sockets.open(client: step.source) }
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
  func warmUp(_ step: FilterCase.Step) throws {
    guard case .forwarded = step.expected else { return }
    for _ in 0..<5 {
      let received = metrics.total("proxy_packets_received_total", ["path": "socket"])
      _ = try outcome(of: step)
      if isForSockets(step) || metrics.total("proxy_packets_received_total", ["path": "socket"]) == received { return }
    }
    throw TrialProblem("line \(step.line): the kernel does not carry this packet")
  }

  func run(_ step: FilterCase.Step) throws -> PacketOutcome {
    let received = metrics.total("proxy_packets_received_total", ["path": "socket"])
    let outcome = try outcome(of: step)
    let bySockets = metrics.total("proxy_packets_received_total", ["path": "socket"]) - received
    guard bySockets == (isForSockets(step) ? 1 : 0) else {
      throw TrialProblem("line \(step.line): \(bySockets) packets reached the sockets")
    }
    return outcome
  }

  /// Whether the packet goes to no single endpoint, which the kernel hands over.
  private func isForSockets(_ step: FilterCase.Step) -> Bool {
    switch step.expected {
    case .forwarded: copies(of: step) != 1
    case .dropped(let reason): reason == DropReason.noEndpoints.name
    }
  }

  /// How many datagrams come of a step that goes as it should; one for a drop, which is one too many.
  private func copies(of step: FilterCase.Step) -> Int {
    guard case .forwarded(_, let recipients) = step.expected else { return 1 }
    return switch recipients {
    case .client, .oneOf: 1
    case .everyEndpoint: sockets.serverCount
    case .exactly(let addresses): addresses.count
    }
  }

  private func outcome(of step: FilterCase.Step) throws -> PacketOutcome {
    let before = totals.drops
    try sockets.send(step.packet(toward: sockets.lastClient(of: step.source) ?? TrialChain.defaultClient))
    var deliveries: [PacketOutcome.Delivery] = []
    var reason: String?
    let wanted = copies(of: step)
    let isOver = try eventually {
      reason = totals.newReason(since: before)
      deliveries += try sockets.arrived()
      return reason != nil || deliveries.count >= wanted
    }
    guard isOver else { throw TrialProblem("line \(step.line): the packet neither arrived nor was counted as dropped") }
    return PacketOutcome(deliveries: deliveries, reason: reason)
  }
}
