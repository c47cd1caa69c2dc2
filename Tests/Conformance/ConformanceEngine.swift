public import FilterKit

/// A way to send the packets of a case through its chain.
public protocol ConformanceEngine {
  /// Runs all steps of a case in their order, from a fresh start.
  func run(_ test: ConformanceCase) throws -> CaseResult
}

/// What came of the packets of a case.
public struct CaseResult: Sendable {
  /// What came of one packet.
  public struct Outcome: Sendable {
    /// Empty where the packet was dropped.
    public var deliveries: [Delivery]
    /// Why the packet was dropped, where the engine can tell for a single packet.
    public var reason: String?

    public init(deliveries: [Delivery], reason: String? = nil) {
      self.deliveries = deliveries
      self.reason = reason
    }
  }

  /// One datagram that came out.
  public struct Delivery: Sendable {
    /// The endpoint that got it, or nil for the client.
    public var endpoint: SocketAddress?
    public var payload: [UInt8]

    public init(to endpoint: SocketAddress?, payload: [UInt8]) {
      self.endpoint = endpoint
      self.payload = payload
    }
  }

  /// One for each packet, so `times` of them for each step.
  public var outcomes: [Outcome]
  /// Drops by the label of the filter and the reason, without zeros and without what others than filters dropped.
  public var counters: [String: [String: UInt64]]
  /// Counters by their line in Prometheus' text form without the number.
  public var metrics: [String: UInt64]

  /// Outcomes, with all counters of a register as they are now.
  public init(outcomes: [Outcome], metrics: Metrics) {
    let totals = MetricTotals(metrics)
    self.init(outcomes: outcomes, counters: totals.drops, metrics: totals.counters)
  }

  public init(outcomes: [Outcome], counters: [String: [String: UInt64]], metrics: [String: UInt64]) {
    self.outcomes = outcomes
    self.counters = counters
    self.metrics = metrics
  }
}
