/// How much one packet added to the counters of the filters.
public struct CounterValues: Hashable, Sendable {
  /// By the line that a counter has on the page `/metrics`, without the number: `my_total{filter="Mine"}`.
  private let lines: [String: UInt64]

  init(_ lines: [String: UInt64]) { self.lines = lines }

  /// What was added to a counter, 0 where the packet did not count; nil where no filter of the chain has such a counter.
  ///
  /// - Parameter name: the name of a metric, for the sum over all filters and labels, or a whole line as `/metrics` has it:
  ///   `my_total{filter="Mine"}`. A histogram counts what was observed, by its name with `_count` behind it.
  public subscript(_ name: String) -> UInt64? {
    if let value = lines[name] { return value }
    let series = lines.filter { $0.key.prefix { $0 != "{" } == name }
    return series.isEmpty ? nil : series.values.reduce(0, +)
  }
}

extension CounterValues: CustomStringConvertible {
  /// What is not zero.
  public var description: String {
    let counted = lines.filter { $0.value > 0 }.sorted { $0.key < $1.key }
    return "[\(counted.map { "\($0.key): \($0.value)" }.joined(separator: ", "))]"
  }
}
