import FilterKit
import Testing

@Suite struct PlainScalarTests {
  @Test(arguments: ["", "~", "null", "Null", "NULL"])
  func null(text: String) {
    #expect(PlainScalar(text) == .null)
    #expect(PlainScalar.isNull(text))
  }

  @Test(arguments: [
    ("true", true), ("True", true), ("TRUE", true), ("false", false), ("False", false), ("FALSE", false),
  ])
  func switches(text: String, value: Bool) { #expect(PlainScalar(text) == .bool(value)) }

  @Test(arguments: [
    ("0", 0), ("7", 7), ("+7", 7), ("0x1F", 31), ("0xff", 255), ("0o17", 15), ("18446744073709551615", UInt64.max),
    ("0xffffffffffffffff", UInt64.max),
  ])
  func wholeNumbers(text: String, value: UInt64) {
    #expect(PlainScalar(text) == .integer(magnitude: value, isNegative: false))
  }

  @Test func negativeAndHugeNumbers() {
    #expect(PlainScalar("-12") == .integer(magnitude: 12, isNegative: true))
    #expect(PlainScalar("18446744073709551616") == .integer(magnitude: nil, isNegative: false))
    #expect(PlainScalar("0x10000000000000000") == .integer(magnitude: nil, isNegative: false))
    #expect(PlainScalar(String(repeating: "9", count: 100_000)) == .integer(magnitude: nil, isNegative: false))
  }

  @Test(arguments: ["1.5", "-1.5", ".5", "5.", "1e3", "1E-3", "+1.e9", ".inf", "-.inf", ".nan"])
  func fractions(text: String) { #expect(PlainScalar(text) == .fraction) }

  @Test(arguments: [
    "abc", "-", "+", ".", "0x", "0o", "0o8", "0xg", "1_000", "010", "00", "1.2.3", "1e", "e3", "yes", "off", "tRUE",
    "-0x1",
    "１２", "12 ", "-.nan",
  ])
  func text(text: String) { #expect(PlainScalar(text) == .text) }
}
