package import FilterKit

/// All counters of a register at one time, but for those of times.
package struct MetricTotals {
  /// Drops by filter and reason, without zeros.
  package private(set) var drops: [String: [String: UInt64]] = [:]
  /// All other counters, by their line in Prometheus' text form; of histograms the count.
  package private(set) var counters: [String: UInt64] = [:]

  /// The numbers of the reasons in `drops`. Filters name reasons of their own, so a name alone does not tell.
  private var numbers: [String: [String: UInt32]] = [:]

  package init(_ metrics: Metrics) {
    // A filter has a series for each reason, in the order of their numbers from 1 on.
    var seriesOfFilter: [String: UInt32] = [:]
    for (family, totals) in metrics.snapshot() {
      for (series, cells) in zip(family.series, totals) {
        if case .counter(scale: 1e-9) = series.kind { continue }
        if family.name == Metrics.drops {
          let filter = Self.label("filter", series)
          seriesOfFilter[filter, default: 0] += 1
          guard cells[0] > 0 else { continue }
          let reason = Self.label("reason", series)
          drops[filter, default: [:]][reason] = cells[0]
          numbers[filter, default: [:]][reason] = seriesOfFilter[filter]
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

  private static func label(_ name: String, _ series: Metrics.Series) -> String {
    series.labels.first { $0.name == name }?.value ?? ""
  }

  /// A drop that was counted.
  package struct Drop: Equatable {
    /// The label of the filter, or what the proxy calls itself.
    package let filter: String
    /// The reason's name in metrics, and the reason.
    package let name: String
    package let reason: DropReason
  }

  /// The drop that was counted since these were all.
  package func newDrop(since before: [String: [String: UInt64]]) -> Drop? {
    for (filter, reasons) in drops {
      for (name, count) in reasons where count > before[filter]?[name] ?? 0 {
        return Drop(filter: filter, name: name, reason: DropReason(rawValue: numbers[filter]?[name] ?? 0))
      }
    }
    return nil
  }

  /// The reason that has one more drop than before.
  package func newReason(since before: [String: [String: UInt64]]) -> String? { newDrop(since: before)?.name }
}
