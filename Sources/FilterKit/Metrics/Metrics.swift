import CDataPath
import Synchronization

/// The register of all counters of a process: their names, their places in the workers' sheets, and the sheets.
///
/// A series is registered by name and labels. Asking for one that exists gives the same place, so a counter goes on when a
/// new configuration has the same filter.
public final class Metrics: Sendable {
  /// What a family's numbers mean to Prometheus.
  public enum Kind: Hashable, Sendable {
    /// `scale` turns the number into the unit of the name, for example 1e-9 for nanoseconds to seconds.
    case counter(scale: Double)
    case gauge(scale: Double)
    /// `scale` turns the observed unit into the unit of the name, for example 1e-9 for nanoseconds to seconds.
    case histogram(Histogram, scale: Double)
  }

  /// Label names with their values.
  public typealias Labels = [(name: String, value: String)]

  /// One line of a family: a set of labels and where its numbers are.
  public struct Series: Sendable {
    public let labels: Labels
    public let counter: Counter
    public let kind: Kind
  }

  /// All series of a name.
  public struct Family: Sendable {
    public let name: String
    public let help: String
    public internal(set) var series: [Series]
  }

  fileprivate struct State {
    var families: [Family] = []
    var familyIndex: [String: Int] = [:]
    var places: [String: (Counter, Kind)] = [:]
    var dropRows: [String: DropRow] = [:]
    var sheets: [CounterSheet] = []
    /// What was counted on sheets that are gone.
    let retired = CounterSheet()
    var used = Metrics.spill
  }
  private let state = Mutex(State())

  /// The first cells take what no longer fits. They have room for a whole block, so that it reaches no other cell, and are never
  /// shown.
  fileprivate static let spill: UInt32 = 128

  public init() {}

  /// Registers a counter.
  public func counter(_ name: String, help: String, labels: Labels = [], scale: Double = 1) -> Counter {
    state.withLock { $0.register(name, help, labels, cells: 1) { _ in .counter(scale: scale) }.0 }
  }

  /// Registers a number that goes up and down.
  public func gauge(_ name: String, help: String, labels: Labels = [], scale: Double = 1) -> Counter {
    state.withLock { $0.register(name, help, labels, cells: 1) { _ in .gauge(scale: scale) }.0 }
  }

  /// Registers a histogram of `bucketCount` doubling buckets, the first up to 2^`smallestExponent` of the observed unit.
  public func histogram(
    _ name: String, help: String, labels: Labels = [], smallestExponent: UInt32, bucketCount: UInt32, scale: Double
  ) -> Histogram {
    let (first, kind) = state.withLock {
      $0.register(name, help, labels, cells: bucketCount + 2) { first in
        let histogram = Histogram(first: first, bucketCount: bucketCount, smallestExponent: smallestExponent)
        return .histogram(histogram, scale: scale)
      }
    }
    if case .histogram(let histogram, _) = kind { return histogram }
    return Histogram(first: first, bucketCount: 0, smallestExponent: 0)
  }

  /// Registers one cell for each drop reason of a filter, side by side: the row that a filter's drops are counted in.
  ///
  /// - Parameters:
  ///   - filter: its label.
  ///   - reasons: the names of the filter's own reasons, those of `DropReason.custom` from 0 on.
  public func dropRow(filter: String, reasons: [String] = []) -> DropRow {
    precondition(
      reasons.count <= Int(DropReason.customCount), "a filter names \(DropReason.customCount) reasons at most")
    return state.withLock { state in
      defer { state.name(reasons, ofFilter: filter) }
      if let row = state.dropRows[filter] { return row }
      guard let first = state.reserve(UInt32(DropReason.count)) else { return DropRow(first: Counter(cell: 0)) }
      let row = DropRow(first: first)
      for number in 1..<UInt32(DropReason.count) {
        let reason = DropReason(rawValue: number)
        state.add(
          Series(
            labels: [("filter", filter), ("reason", reason.name)], counter: row[reason], kind: .counter(scale: 1)),
          to: Self.drops, help: "Packets dropped, by the filter that decided and its reason.")
      }
      state.dropRows[filter] = row
      return row
    }
  }
  /// The family of the drop rows. Rows of zeros are many, so they are left out when metrics are printed.
  public static let drops = "proxy_drops_total"

  /// A new sheet for a worker. The register keeps it: what a worker counted stays counted when the worker ends.
  public func makeSheet() -> CounterSheet {
    let sheet = CounterSheet()
    state.withLock { $0.sheets.append(sheet) }
    return sheet
  }

  /// Takes a sheet that nobody writes to any more out of the register. What was counted on it stays counted.
  public func retire(_ sheet: CounterSheet) {
    state.withLock { state in
      guard let index = state.sheets.firstIndex(where: { $0 === sheet }) else { return }
      state.sheets.remove(at: index)
      for cell in Self.spill..<state.used {
        let counter = Counter(cell: cell)
        let value = sheet.value(of: counter)
        if value != 0 { state.retired.add(value, to: counter) }
      }
    }
  }

  /// The sum of a counter over all workers.
  public func total(_ counter: Counter) -> UInt64 {
    state.withLock { $0.total(counter) }
  }

  /// All families with their totals, for an exporter. A histogram's totals are its buckets, the open one, and the sum.
  public func snapshot() -> [(family: Family, totals: [[UInt64]])] {
    state.withLock { state in
      state.families.map { family in
        let totals = family.series.map { series in
          let cells: UInt32 = if case .histogram(let h, _) = series.kind { h.bucketCount + 2 } else { 1 }
          return (0..<cells).map { offset in
            state.total(series.counter.advanced(by: offset))
          }
        }
        return (family, totals)
      }
    }
  }
}

extension Metrics.State {
  fileprivate func total(_ counter: Counter) -> UInt64 {
    sheets.reduce(retired.value(of: counter)) { $0 &+ $1.value(of: counter) }
  }

  fileprivate mutating func register(
    _ name: String, _ help: String, _ labels: Metrics.Labels, cells: UInt32, _ kind: (Counter) -> Metrics.Kind
  ) -> (Counter, Metrics.Kind) {
    let identity = name + labels.map { "\u{0}\($0.name)\u{0}\($0.value)" }.joined()
    if let place = places[identity] { return place }
    guard let first = reserve(cells) else {
      let spilled = Counter(cell: 0)
      return (spilled, kind(spilled))
    }
    let place = (first, kind(first))
    places[identity] = place
    add(Metrics.Series(labels: labels, counter: place.0, kind: place.1), to: name, help: help)
    return place
  }

  /// Cells side by side, or nil where there are not as many left.
  fileprivate mutating func reserve(_ cells: UInt32) -> Counter? {
    precondition(cells <= Metrics.spill, "no family has as many cells")
    guard used + cells <= CounterSheet.capacity else { return nil }
    defer { used += cells }
    return Counter(cell: used)
  }

  /// Gives the rows of a filter's own reasons their names. A label that another kind of filter had before takes the new names.
  fileprivate mutating func name(_ reasons: [String], ofFilter filter: String) {
    guard !reasons.isEmpty, let row = dropRows[filter], let family = familyIndex[Metrics.drops] else { return }
    for (number, reason) in reasons.enumerated() {
      let counter = row[.custom(UInt32(number))]
      guard let index = families[family].series.firstIndex(where: { $0.counter == counter }) else { continue }
      families[family].series[index] = Metrics.Series(
        labels: [("filter", filter), ("reason", reason)], counter: counter, kind: .counter(scale: 1))
    }
  }

  fileprivate mutating func add(_ series: Metrics.Series, to name: String, help: String) {
    if let index = familyIndex[name] {
      families[index].series.append(series)
    } else {
      familyIndex[name] = families.count
      families.append(Metrics.Family(name: name, help: help, series: [series]))
    }
  }
}

extension DropReason: CustomStringConvertible {
  /// The name in metrics and logs, for example `token_unknown`.
  public var name: String { drop_reason_name(rawValue).map { String(cString: $0) } ?? "unknown" }
  /// One phrase that says what happened.
  public var meaning: String { drop_reason_meaning(rawValue).map { String(cString: $0) } ?? "unknown reason" }
  public var description: String { name }
}
