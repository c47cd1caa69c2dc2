import FilterKit
import Operations
import Testing

@Suite struct PrometheusSamplesTests {
  private typealias Sample = PrometheusSamples.Sample

  @Test("What is printed is read again: labels, counters beyond a Double's precision, gauges with a unit")
  func roundTrip() throws {
    let metrics = Metrics()
    let sheet = metrics.makeSheet()
    let label = "a\\b\"c\nd é, {x=\"1\"} 7"
    sheet.add((1 << 60) + 1, to: metrics.counter("bytes_total", help: "B\\ytes\n#.", labels: [("filter", label)]))
    sheet.add(3, to: metrics.counter("bytes_total", help: "", labels: [("filter", ""), ("reason", "r")]))
    sheet.set(metrics.gauge("time_seconds", help: "T.", scale: 1e-9), to: 1_500_000_000)
    let samples = try PrometheusSamples(PrometheusText().text(of: metrics).utf8)
    #expect(
      Set(samples["bytes_total"]) == [
        Sample(labels: ["filter": label], value: 0x1p60, count: (1 << 60) + 1),
        Sample(labels: ["filter": "", "reason": "r"], value: 3, count: 3),
      ])
    #expect(samples["time_seconds"] == [Sample(labels: [:], value: 1.5, count: 1)])
    #expect(samples["bytes"] == [])
  }

  @Test("A histogram's lines are samples like others")
  func histogram() throws {
    let metrics = Metrics()
    _ = metrics.histogram("age_seconds", help: "Age.", smallestExponent: 0, bucketCount: 1, scale: 1)
    _ = metrics.makeSheet()
    let samples = try PrometheusSamples(PrometheusText().text(of: metrics).utf8)
    #expect(samples["age_seconds_bucket"].map(\.labels) == [["le": "1"], ["le": "+Inf"]])
    #expect(samples["age_seconds_count"].map(\.count) == [0])
  }

  @Test(
    "A number is a count where it is one, and never a negative one",
    arguments: [
      ("7", 7), ("-7", 0), ("1e3", 1000), ("2.9", 2), ("1e300", Int.max), ("+Inf", Int.max), ("-Inf", 0), ("NaN", 0),
      ("9223372036854775807", Int.max), ("18446744073709551615", Int.max),
    ])
  func count(text: String, count: Int) throws {
    #expect(try PrometheusSamples("a \(text)\n".utf8)["a"].map(\.count) == [count])
  }

  @Test(
    "What is not of the format is refused, with its line",
    arguments: [
      ("<html>", "expected the name of a metric"), ("1a 1", "expected the name of a metric"),
      (" a 1", "expected the name of a metric"), ("a", "expected a space and the value"),
      ("a  1", "the value is no number"), ("a 1 2", "the value is no number"), ("a one", "the value is no number"),
      ("a 0x1", "the value is no number"), ("a inf", "the value is no number"), ("a ", "the value is no number"),
      ("a{} 1", "expected the name of a label"), ("a{b} 1", "expected '=\"' behind the label's name"),
      ("a{b=1} 1", "expected '=\"' behind the label's name"), ("a{b=\"1} 1", "a label's value has no end"),
      ("a{b=\"\\t\"} 1", "a '\\' stands before what needs none"), ("a{b=\"1\" 1", "expected ',' or '}' behind a label"),
      ("a{b=\"1\",b=\"2\"} 1", "the label 'b' stands there twice"),
      ("a{b:c=\"1\"} 1", "expected '=\"' behind the label's name"),
    ])
  func malformed(line: String, reason: String) {
    #expect(throws: PrometheusSamples.Failure(line: 3, reason: reason)) {
      try PrometheusSamples("# TYPE b counter\nb 1\n\(line)\nb 2\n".utf8)
    }
  }

  @Test("More samples than a proxy has are refused") func limit() throws {
    #expect(throws: PrometheusSamples.Failure(line: 4, reason: "there are more than 2 samples")) {
      try PrometheusSamples("a 1\n# a\na 2\na 3\n".utf8, limit: 2)
    }
    #expect(try PrometheusSamples("a 1\n# a\na 2\n".utf8, limit: 2)["a"].count == 2)
  }
}
