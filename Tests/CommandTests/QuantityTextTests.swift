import Testing

@testable import ProxyCommand

@Suite struct QuantityTextTests {
  @Test(
    "Counts have groups of three digits",
    arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (100_000, "100,000")])
  func count(count: Int, text: String) { #expect(QuantityText.count(count) == text) }

  @Test(
    "Rates below ten have a decimal",
    arguments: [(0, "0"), (0.04, "0.0"), (0.5, "0.5"), (9.94, "9.9"), (9.96, "10"), (12_345.6, "12,346")])
  func rate(rate: Double, text: String) { #expect(QuantityText.rate(rate) == text) }

  @Test(
    "Bits have three digits and the unit that fits",
    arguments: [
      (0, "0 bit/s"), (7.6, "8 bit/s"), (999.4, "999 bit/s"), (999.6, "1.00 kbit/s"), (12_345, "12.3 kbit/s"),
      (99_960, "100 kbit/s"), (999_600, "1.00 Mbit/s"), (9.87e9, "9.87 Gbit/s"), (4e16, "1,000 Tbit/s"),
    ])
  func bits(rate: Double, text: String) { #expect(QuantityText.bits(rate) == text) }

  @Test(
    "Durations have two units",
    arguments: [
      (0, "0s"), (59, "59s"), (60, "1m"), (125, "2m 5s"), (7500, "2h 5m"), (7205, "2h"), (277_200, "3d 5h"),
    ])
  func duration(seconds: Int, text: String) { #expect(QuantityText.duration(seconds: seconds) == text) }

  @Test(
    "Times are in milliseconds up to a second",
    arguments: [(0.00081, "0.8 ms"), (0.9994, "999.4 ms"), (0.99996, "1.0 s"), (12.34, "12.3 s")])
  func time(seconds: Double, text: String) { #expect(QuantityText.time(seconds: seconds) == text) }

  @Test("What is no number of bits is none, and what is too many has an end")
  func bounds() {
    #expect(QuantityText.rate(.nan) == "0")
    #expect(QuantityText.rate(-3) == "0")
    #expect(QuantityText.rate(.infinity) == "1,000,000,000,000,000")
    #expect(QuantityText.percent(1) == "100.0%")
  }
}
