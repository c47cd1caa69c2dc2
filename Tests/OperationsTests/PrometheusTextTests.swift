import Operations
import Testing

@testable import FilterKit

@Suite struct PrometheusTextTests {
  private let metrics = Metrics()

  private func text() -> String { PrometheusText().text(of: metrics) }

  @Test("Families and series are printed in order, summed over the workers")
  func countersAndGauges() {
    let sheets = [metrics.makeSheet(), metrics.makeSheet()]
    let write = metrics.counter("packets_total", help: "Packets.", labels: [("direction", "write")])
    let read = metrics.counter("packets_total", help: "Packets.", labels: [("direction", "read")])
    let active = metrics.gauge("active", help: "Now.")
    sheets[0].add(3, to: read)
    sheets[1].add(4, to: read)
    sheets[1].add(1, to: write)
    sheets[0].set(active, to: 2)
    #expect(
      text() == """
        # HELP active Now.
        # TYPE active gauge
        active 2
        # HELP packets_total Packets.
        # TYPE packets_total counter
        packets_total{direction="read"} 7
        packets_total{direction="write"} 1

        """)
  }

  @Test("Backslashes, quotes and ends of lines are escaped where the format asks for it")
  func escaping() {
    metrics.makeSheet().add(
      1, to: metrics.counter("a_total", help: "One \"line\",\ntwo \\ lines.", labels: [("label", "a\\b\"c\nd é")]))
    #expect(
      text() == #"""
        # HELP a_total One "line",\ntwo \\ lines.
        # TYPE a_total counter
        a_total{label="a\\b\"c\nd é"} 1

        """#)
  }

  @Test("A histogram's buckets are cumulative and in the unit of its name")
  func histogram() {
    let histogram = metrics.histogram(
      "age_seconds", help: "Age.", labels: [("filter", "t")], smallestExponent: 10, bucketCount: 3, scale: 1e-3)
    let sheet = metrics.makeSheet()
    for value: UInt64 in [0, 1024, 1025, 5000] {
      sheet.add(1, to: histogram.first.advanced(by: histogram.bucket(of: value)))
      sheet.add(value, to: histogram.sum)
    }
    #expect(
      text() == """
        # HELP age_seconds Age.
        # TYPE age_seconds histogram
        age_seconds_bucket{filter="t",le="1.024"} 2
        age_seconds_bucket{filter="t",le="2.048"} 3
        age_seconds_bucket{filter="t",le="4.096"} 3
        age_seconds_bucket{filter="t",le="+Inf"} 4
        age_seconds_sum{filter="t"} 7.049
        age_seconds_count{filter="t"} 4

        """)
  }

  @Test("Of the drops, only reasons that occurred are printed")
  func drops() throws {
    let sheet = metrics.makeSheet()
    let head = "# HELP proxy_drops_total Packets dropped, by the filter that decided and its reason.\n"
    _ = metrics.dropRow(filter: "quiet")
    #expect(text() == head + "# TYPE proxy_drops_total counter\n")
    _ = metrics.dropRow(filter: "router")
    let series = metrics.snapshot()[0].family.series
    let unknown = series.first { $0.labels.map(\.value) == ["router", "token_unknown"] }
    sheet.add(5, to: try #require(unknown).counter)
    #expect(
      text() == head + """
        # TYPE proxy_drops_total counter
        proxy_drops_total{filter="router",reason="token_unknown"} 5

        """)
  }

  @Test("A text that grows too large ends with whole families, and says how many are missing")
  func limit() {
    for name in ["a", "b", "c"] { metrics.makeSheet().set(metrics.gauge(name, help: "H."), to: 1) }
    var printer = PrometheusText()
    printer.sizeLimit = 1
    #expect(
      printer.text(of: metrics) == """
        # HELP a H.
        # TYPE a gauge
        a 1
        # HELP proxy_metrics_omitted Families left out because the text is too large.
        # TYPE proxy_metrics_omitted gauge
        proxy_metrics_omitted 2

        """)
  }
}
