public import FilterKit
import Glibc

/// Prints metrics in Prometheus' text format, version 0.0.4.
///
/// Families and series come in alphabetical order, so that two prints of the same state are the same text.
public struct PrometheusText: Sendable {
  /// The media type of the format.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// The size in bytes above which no more families are printed. One more gauge then says how many are left out.
  public var sizeLimit = 16 << 20

  public init() {}

  /// The whole text of a register: totals are summed up now.
  public func text(of metrics: Metrics) -> String {
    var printer = Printer()
    var omitted = 0
    for (family, totals) in metrics.snapshot().sorted(by: { $0.family.name < $1.family.name }) {
      // A family is printed whole or not at all: half of one is a wrong sum.
      guard printer.text.utf8.count < sizeLimit else {
        omitted += 1
        continue
      }
      printer.print(family, totals)
    }
    if omitted > 0 {
      printer.head("proxy_metrics_omitted", help: "Families left out because the text is too large.", type: "gauge")
      printer.sample("proxy_metrics_omitted", [], "\(omitted)")
    }
    return printer.text
  }
}

private struct Printer {
  var text = ""

  mutating func print(_ family: Metrics.Family, _ totals: [[UInt64]]) {
    // A filter has a row for each reason, and most reasons are none of its own.
    let isSparse = family.name == Metrics.drops
    let rows = zip(family.series, totals)
      .filter { _, totals in !isSparse || totals[0] != 0 }
      .map { series, totals in (labels: Self.text(series.labels), series: series, totals: totals) }
      .sorted { $0.labels.joined(separator: ",") < $1.labels.joined(separator: ",") }
    guard let kind = family.series.first?.kind, isSparse || !rows.isEmpty else { return }
    head(family.name, help: family.help, type: kind.typeName)
    for row in rows {
      switch row.series.kind {
      case .counter(let scale): sample(family.name, row.labels, Self.scaled(row.totals[0], by: scale))
      // What one thread adds and another takes away can be read between the two.
      case .gauge(let scale):
        let value = UInt64(max(0, Int64(bitPattern: row.totals[0])))
        sample(family.name, row.labels, Self.scaled(value, by: scale))
      case .histogram(let histogram, let scale): print(family.name, row.labels, histogram, scale, row.totals)
      }
    }
  }

  private mutating func print(
    _ name: String, _ labels: [String], _ histogram: Histogram, _ scale: Double, _ totals: [UInt64]
  ) {
    var count: UInt64 = 0
    for bucket in 0..<histogram.bucketCount {
      count &+= totals[Int(bucket)]
      let bound = Self.scaled(histogram.bound(ofBucket: bucket), by: scale)
      sample("\(name)_bucket", labels + ["le=\"\(bound)\""], "\(count)")
    }
    count &+= totals[Int(histogram.bucketCount)]
    sample("\(name)_bucket", labels + ["le=\"+Inf\""], "\(count)")
    sample("\(name)_sum", labels, Self.scaled(totals[Int(histogram.bucketCount) + 1], by: scale))
    sample("\(name)_count", labels, "\(count)")
  }

  mutating func head(_ name: String, help: String, type: String) {
    text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(type)\n"
  }

  mutating func sample(_ name: String, _ labels: [String], _ value: String) {
    text += name
    if !labels.isEmpty { text += "{\(labels.joined(separator: ","))}" }
    text += " \(value)\n"
  }

  private static func text(_ labels: Metrics.Labels) -> [String] {
    labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }

  /// Dividing by 1000 gives the nearest number that can be written; multiplying by 0.001 does not.
  private static func scaled(_ value: UInt64, by scale: Double) -> String {
    if scale == 1 { return "\(value)" }
    let inverse = (1 / scale).rounded()
    let number = scale < 1 ? Double(value) / inverse : Double(value) * scale
    return number == number.rounded() && number < 1e15 ? "\(UInt64(number))" : "\(number)"
  }
}

extension Metrics.Kind {
  fileprivate var typeName: String {
    switch self {
    case .counter: "counter"
    case .gauge: "gauge"
    case .histogram: "histogram"
    }
  }
}
