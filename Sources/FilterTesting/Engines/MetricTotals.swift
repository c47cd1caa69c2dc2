package import FilterKit

/// All counters of a register at one time, but for those of times.
package struct MetricTotals {
  /// Drops by filter and reason, without zeros.
  package private(set) var drops: [String: [String: UInt64]] = [:]
  /// All other counters, by their line in Prometheus' text form; of histograms the count.
  package private(set) var counters: [String: UInt64] = [:]

  package init(_ metrics: Metrics) {
    for (family, totals) in metrics.snapshot() {
      for (series, cells) in zip(family.series, totals) {
        if case .counter(scale: 1e-9) = series.kind { continue }
        if family.name == Metrics.drops {
          guard cells[0] > 0 else { continue }
          let labels = Dictionary(series.labels.map { ($0.name, $0.value) }) { first, _ in first }
          drops[labels["filter"] ?? "", default: [:]][labels["reason"] ?? ""] = cells[0]
        } else if case .histogram = series.kind {
          counters[Self.line(family.name + "_count", series)] = cells.dropLast().reduce(0, +)
        } else {
          counters[Self.line(family.name, series)] = cells[0]
        }
      }
    }
  }

  /// Every counter by its line, drops included.
  package var lines: [String: UInt64] {
    var lines = counters
    for (filter, reasons) in drops {
      for (reason, count) in reasons {
        lines["\(Metrics.drops){filter=\"\(filter)\",reason=\"\(reason)\"}"] = count
      }
    }
    return lines
  }

  private static func line(_ name: String, _ series: Metrics.Series) -> String {
    "\(name){\(series.labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ","))}"
  }

  /// The reason that has one more drop than before.
  package func newReason(since before: [String: [String: UInt64]]) -> String? {
    for (filter, reasons) in drops {
      for (reason, count) in reasons where count > before[filter]?[reason] ?? 0 { return reason }
    }
    return nil
  }
}
