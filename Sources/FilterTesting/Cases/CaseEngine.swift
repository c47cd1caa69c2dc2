import FilterKit

/// A way to send the packets of a case through its chain.
package protocol CaseEngine {
  /// Runs all steps of a case in their order, from a fresh start.
  func run(_ test: FilterCase) throws -> CaseResult
}

/// What came of the packets of a case.
package struct CaseResult: Sendable {
  /// One for each packet, so `times` of them for each step.
  package var outcomes: [PacketOutcome]
  /// Drops by the label of the filter and the reason, without zeros and without what others than filters dropped.
  package var counters: [String: [String: UInt64]]
  /// Counters by their line in Prometheus' text form without the number.
  package var metrics: [String: UInt64]

  /// Outcomes, with all counters as they are now.
  package init(outcomes: [PacketOutcome], _ totals: MetricTotals) {
    self.init(
      outcomes: outcomes, counters: totals.drops.filter { $0.key != SocketRun.proxyLabel }, metrics: totals.counters)
  }

  package init(outcomes: [PacketOutcome], counters: [String: [String: UInt64]], metrics: [String: UInt64]) {
    self.outcomes = outcomes
    self.counters = counters
    self.metrics = metrics
  }
}
