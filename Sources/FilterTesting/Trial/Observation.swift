import FilterKit

/// What one engine says of one packet, in the form in which engines are compared.
struct Observation {
  let engine: TestEngine
  let verdict: Verdict
  let dropReason: String?
  let droppedBy: String?
  let payload: Payload?
  let destinations: [String]
  let metadata: [String: MetadataValue]?
  /// What was added, by the counters' lines.
  let counters: [String: UInt64]
  let handOver: String?

  init(
    _ engine: TestEngine, _ packet: TrialPacket, _ outcome: PacketOutcome, endpoints: [SocketAddress],
    before: MetricTotals, after: MetricTotals
  ) throws {
    self.engine = engine
    let payloads = Set(outcome.deliveries.map(\.payload))
    guard payloads.count <= 1 else {
      throw TrialProblem("\(engine): the copies of \(packet) differ: \(payloads.map { Payload($0) })")
    }
    payload = payloads.first.map { Payload($0) }
    if outcome.deliveries.isEmpty {
      let drop = after.newDrop(since: before.drops)
      // That there is no endpoint is told behind the filters.
      guard let reason = drop?.reason ?? outcome.reason.flatMap({ DropReason(named: $0) }) else {
        throw TrialProblem("\(engine): \(packet) was neither forwarded nor counted as dropped")
      }
      verdict = .drop(reason)
      dropReason = drop?.name ?? reason.name
      droppedBy = drop.flatMap { $0.filter == SocketRun.proxyLabel ? nil : $0.filter }
    } else {
      verdict = .forward
      dropReason = nil
      droppedBy = nil
    }
    let order = Dictionary(zip(endpoints, 0...)) { first, _ in first }
    destinations = outcome.deliveries.map { $0.endpoint ?? packet.client }
      .sorted { order[$0, default: 0] < order[$1, default: 0] }.map(\.description)
    metadata = outcome.metadata
    handOver = outcome.handOver
    let earlier = before.lines
    counters = after.lines.merging(earlier) { $0 - $1 }
  }
}

extension Observation {
  /// What differs between this engine and another, a line each.
  func differences(from other: Observation, except aspects: Set<TrialAspect>) -> [String] {
    var lines: [String] = []
    func compare<Value: Equatable>(_ name: String, _ value: Value, _ otherValue: Value) {
      guard value != otherValue else { return }
      lines.append("\(name): \(engine): \(Self.text(value)); \(other.engine): \(Self.text(otherValue))")
    }
    compare("verdict", verdict, other.verdict)
    if lines.isEmpty {
      compare("reason", dropReason, other.dropReason)
      compare("dropped by", droppedBy, other.droppedBy)
    }
    // One that drops the packet has none of the rest.
    guard lines.isEmpty else { return lines }
    if !aspects.contains(.payload) { compare("payload", payload, other.payload) }
    if !aspects.contains(.destinations) { compare("destinations", destinations, other.destinations) }
    if !aspects.contains(.metadata), let metadata, let values = other.metadata {
      for key in Set(metadata.keys).union(values.keys).sorted() {
        compare("metadata '\(key)'", metadata[key], values[key])
      }
    }
    if !aspects.contains(.counters) {
      for name in counters.keys.sorted() { compare("counter \(name)", counters[name] ?? 0, other.counters[name] ?? 0) }
    }
    return lines
  }

  private static func text(_ value: some Any) -> String {
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle == .optional else { return "\(value)" }
    return mirror.children.first.map { "\($0.value)" } ?? "none"
  }
}

extension DropReason {
  /// The reason that metrics and logs call so.
  init?(named name: String) {
    guard let number = (1..<UInt32(Self.count)).first(where: { DropReason(rawValue: $0).name == name }) else {
      return nil
    }
    self.init(rawValue: number)
  }
}

extension TrialPacket: CustomStringConvertible {
  /// `the packet "hello" from 192.0.2.1:40000 (read)`.
  package var description: String { "the packet \(Payload(payload)) from \(source) (\(direction))" }
}
