import FilterKit

extension RandomCase {
  /// The case as an entry of a cases file, with what the filters in Swift make of it.
  func text(name: String) -> String {
    guard let reference = try? ReferenceChain(self) else { return "" }
    var lines = ["- name: \(name)", "  filters:"] + filters.map { "    - \($0.text)" }
    lines.append(endpoints.isEmpty ? "  endpoints: []" : "  endpoints:")
    lines += endpoints.map { endpoint in
      "    - {address: \"\(endpoint.address)\", tokens: [\(endpoint.tokens.map(Self.bytes).joined(separator: ", "))]}"
    }
    lines.append("  steps:")
    for packet in packets {
      let before = MetricTotals(reference.metrics).drops
      let outcome = reference.run([packet])[0]
      var step = "\(packet.direction): \(Self.bytes(packet.payload)), from: \"\(packet.source)\""
      if let destinations = outcome.destinations {
        step += ", payload: \(Self.bytes(outcome.payload))"
        if packet.direction == .read {
          step += ", to: [\(destinations.map { "\"\(endpoints[$0].address)\"" }.joined(separator: ", "))]"
        }
      } else {
        step += ", drop: \(MetricTotals(reference.metrics).newReason(since: before) ?? "")"
      }
      lines.append("    - {\(step)}")
    }
    let totals = MetricTotals(reference.metrics)
    let drops = totals.drops.sorted { $0.key < $1.key }.map { filter, reasons in
      "\"\(filter)\": {\(reasons.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
    }
    if !drops.isEmpty { lines.append("  counters: {\(drops.joined(separator: ", "))}") }
    let counters = totals.counters.filter { $0.value > 0 }.sorted { $0.key < $1.key }
    if !counters.isEmpty { lines.append("  metrics:") }
    lines += counters.map { "    '\($0.key)': \($0.value)" }
    return lines.joined(separator: "\n")
  }

  private static func bytes(_ bytes: [UInt8]) -> String {
    "{hex: \"\(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())\"}"
  }
}
