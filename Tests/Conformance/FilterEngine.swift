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

  public typealias Refused = ChainRunner.Refused

  /// What the configuration of a case gives rise to say.
  public func diagnose(_ test: ConformanceCase) -> DiagnosticReport {
    let diagnostics = Diagnostics()
    _ = Chain.read(test.filters, registry: registry, metrics: Metrics(), diagnostics: diagnostics)
    return diagnostics.report
  }

  public func run(_ test: ConformanceCase) throws(Refused) -> CaseResult {
    let metrics = Metrics()
    let runner = try ChainRunner(test, registry: registry, metrics: metrics)
    var outcomes: [CaseResult.Outcome] = []
    var waiting: [ConformanceCase.Step] = []
    func runWaiting() {
      guard let first = waiting.first else { return }
      let time = Self.startTime + first.time
      outcomes += runner.run(waiting, now: time, wallClock: (test.clock ?? 1_700_000_000) * 1_000_000_000)
      waiting = []
    }
    for step in test.steps.flatMap({ Array(repeating: $0, count: $0.times) }) {
      let fits = waiting.last.map { $0.direction == step.direction && $0.time == step.time } ?? true
      if !fits || waiting.count == (batching == .single ? 1 : PacketBatch.capacity) { runWaiting() }
      waiting.append(step)
    }
    runWaiting()
    let totals = MetricTotals(metrics)
    return CaseResult(outcomes: outcomes, counters: totals.drops, metrics: totals.counters)
  }
}
