public import FilterKit

/// Runs cases through the filters alone, with a clock that the case controls.
public struct FilterEngine: ConformanceEngine {
  /// How packets are put into batches.
  public enum Batching: Sendable {
    /// Each packet alone.
    case single
    /// As many packets together as have one direction and one time.
    case full
  }

  private let registry: FilterRegistry
  private let batching: Batching
  /// Where the clock starts. Not zero, so that a filter which takes zero for "never" is found out.
  private static let startTime: UInt64 = 5_000_000_000

  public init(registry: FilterRegistry, batching: Batching) {
    self.registry = registry
    self.batching = batching
  }

  /// The configuration of a case is refused.
  public struct Refused: Error, CustomStringConvertible {
    public let description: String
  }

  /// What the configuration of a case gives rise to say.
  public func diagnose(_ test: ConformanceCase) -> DiagnosticReport {
    let diagnostics = Diagnostics()
    _ = Chain.read(test.filters, registry: registry, metrics: Metrics(), diagnostics: diagnostics)
    return diagnostics.report
  }

  public func run(_ test: ConformanceCase) throws(Refused) -> CaseResult {
    let diagnostics = Diagnostics()
    let metrics = Metrics()
    let chain = Chain.read(
      test.filters, registry: registry, metrics: metrics, diagnostics: diagnostics, log: { _ in })
    guard !diagnostics.hasErrors else {
      throw Refused(description: diagnostics.report.lines(in: "case").joined(separator: "\n"))
    }
    let routing = RoutingTable(test.endpoints)
    var batch = PacketBatch(keyCount: chain.keys.count, routing: routing, sheet: metrics.makeSheet())
    var outcomes: [CaseResult.Outcome] = []
    var waiting: [ConformanceCase.Step] = []
    for step in test.steps.flatMap({ Array(repeating: $0, count: $0.times) }) {
      let fits = waiting.last.map { $0.direction == step.direction && $0.time == step.time } ?? true
      if !fits || waiting.count == (batching == .single ? 1 : PacketBatch.capacity) {
        outcomes += run(waiting, chain, routing, metrics, test.clock, &batch)
        waiting = []
      }
      waiting.append(step)
    }
    if !waiting.isEmpty { outcomes += run(waiting, chain, routing, metrics, test.clock, &batch) }
    let totals = MetricTotals(metrics)
    return CaseResult(outcomes: outcomes, counters: totals.drops, metrics: totals.counters)
  }

  private func run(
    _ steps: [ConformanceCase.Step], _ chain: Chain, _ routing: RoutingTable, _ metrics: Metrics, _ clock: Int64?,
    _ batch: inout PacketBatch
  ) -> [CaseResult.Outcome] {
    let direction = steps[0].direction
    batch.begin(direction, now: Self.startTime + steps[0].time, wallClock: (clock ?? 1_700_000_000) * 1_000_000_000)
    for (index, step) in steps.enumerated() {
      batch.receiveBuffer(index).copyBytes(from: step.payload)
      batch.insert(index, size: step.payload.count, from: step.source)
    }
    let before = MetricTotals(metrics).drops
    chain.run(direction, &batch)
    let reason = steps.count == 1 ? MetricTotals(metrics).newReason(since: before) : nil
    return steps.indices.map { index in
      guard batch.livePackets >> UInt64(index) & 1 == 1 else {
        return CaseResult.Outcome(deliveries: [], reason: reason)
      }
      return Self.outcome(index, direction, routing, batch)
    }
  }

  /// What becomes of a packet that passed the chain: the part of the proxy behind it.
  private static func outcome(
    _ index: Int, _ direction: Direction, _ routing: RoutingTable, _ batch: borrowing PacketBatch
  ) -> CaseResult.Outcome {
    let payload = Array(batch.payload(index))
    guard direction == .read else {
      return CaseResult.Outcome(deliveries: [CaseResult.Delivery(to: nil, payload: payload)])
    }
    var chosen: [SocketAddress] = []
    var destinations = batch.destinations(index)
    while let endpoint = destinations.pop() { chosen.append(routing.endpoints[Int(endpoint)].address) }
    if chosen.isEmpty { chosen = routing.endpoints.map(\.address) }
    return CaseResult.Outcome(
      deliveries: chosen.map { CaseResult.Delivery(to: $0, payload: payload) },
      reason: chosen.isEmpty ? DropReason.noEndpoints.name : nil)
  }
}
