public import FilterKit

/// The chain of a case with the proxy's part behind it, without sockets: steps go in, and what becomes of them comes out.
public final class ChainRunner {
  /// The configuration of a case is refused.
  public struct Refused: Error, CustomStringConvertible {
    public let description: String
  }

  public let chain: Chain
  public let routing: RoutingTable
  private let metrics: Metrics
  private var batch: PacketBatch

  public init(_ test: ConformanceCase, registry: FilterRegistry, metrics: Metrics) throws(Refused) {
    let diagnostics = Diagnostics()
    chain = Chain.read(
      test.filters, registry: registry, metrics: metrics, diagnostics: diagnostics, log: { _ in })
    guard !diagnostics.hasErrors else {
      throw Refused(description: diagnostics.report.lines(in: "case").joined(separator: "\n"))
    }
    self.metrics = metrics
    routing = RoutingTable(test.endpoints)
    batch = PacketBatch(keyCount: chain.keys.count, routing: routing, sheet: metrics.makeSheet())
  }

  /// Runs steps of one direction together. The reason of a drop is known where there is one step alone.
  ///
  /// - Parameters:
  ///   - now: nanoseconds of the clock that does not jump.
  ///   - wallClock: nanoseconds since 1970.
  public func run(_ steps: [ConformanceCase.Step], now: UInt64, wallClock: Int64) -> [CaseResult.Outcome] {
    let direction = steps[0].direction
    batch.begin(direction, now: now, wallClock: wallClock)
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
      return outcome(index, direction)
    }
  }

  /// What becomes of a packet that passed the chain: the part of the proxy behind it.
  private func outcome(_ index: Int, _ direction: Direction) -> CaseResult.Outcome {
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
