package import FilterKit

/// Runs cases through the filters alone, with a clock that the case controls.
package struct FilterEngine: CaseEngine {
  /// How packets are put into batches.
  package enum Batching: Sendable {
    /// Each packet alone.
    case single
    /// As many packets together as have one direction and one time.
    case full
  }

  private let batching: Batching
  /// Where the clock starts. Not zero, so that a filter which takes zero for "never" is found out.
  private static let startTime: UInt64 = 5_000_000_000

  package init(_ batching: Batching) { self.batching = batching }

  /// What the configuration of a case gives rise to say.
  package static func diagnose(_ test: FilterCase) -> DiagnosticReport {
    let diagnostics = Diagnostics()
    _ = Chain.read(
      test.chain.filters, registry: test.chain.registry, metrics: Metrics(), diagnostics: diagnostics, log: { _ in })
    return diagnostics.report
  }

  package func run(_ test: FilterCase) throws(ChainRefused) -> CaseResult {
    let runner = try ChainRunner(test.chain)
    let wallClock = (test.chain.clock ?? 1_700_000_000) * 1_000_000_000
    var outcomes: [PacketOutcome] = []
    var waiting: [FilterCase.Step] = []
    func runWaiting() {
      guard let first = waiting.first else { return }
      outcomes += runner.run(waiting.map { $0.packet() }, now: Self.startTime + first.time, wallClock: wallClock)
      waiting = []
    }
    for step in test.steps.flatMap({ Array(repeating: $0, count: $0.times) }) {
      let fits = waiting.last.map { $0.direction == step.direction && $0.time == step.time } ?? true
      if !fits || waiting.count == (batching == .single ? 1 : PacketBatch.capacity) { runWaiting() }
      waiting.append(step)
    }
    runWaiting()
    return CaseResult(outcomes: outcomes, MetricTotals(runner.metrics))
  }
}
