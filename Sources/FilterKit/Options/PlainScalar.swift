/// What text without quotes stands for: the core schema of YAML 1.2 (10.3.2), except that a number with leading zeros is text.
/// YAML 1.1 read those as octal, so the reader of the file cannot know what was meant.
public enum PlainScalar: Hashable, Sendable {
  case null
  case bool(Bool)
  /// A whole number. The magnitude is nil where 64 bits do not hold it.
  case integer(magnitude: UInt64?, isNegative: Bool)
  /// A number with a fraction or an exponent, infinity, or not a number.
  case fraction
  case text

  public static func isNull(_ text: String) -> Bool {
    switch text {
    case "", "~", "null", "Null", "NULL": true
    default: false
    }
  }

  public init(_ text: String) {
    switch text {
    case "", "~", "null", "Null", "NULL": self = .null
    case "true", "True", "TRUE": self = .bool(true)
    case "false", "False", "FALSE": self = .bool(false)
    default: self = Self.number(text)
    }
  }

  private static func number(_ text: String) -> PlainScalar {
    var digits = text[...].utf8
    guard let first = digits.first else { return .null }
    let isSigned = first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
    let isNegative = first == UInt8(ascii: "-")
    if isSigned { digits.removeFirst() }
    if !isSigned, digits.starts(with: "0x".utf8) { return whole(digits.dropFirst(2), radix: 16, isNegative: false) }
    if !isSigned, digits.starts(with: "0o".utf8) { return whole(digits.dropFirst(2), radix: 8, isNegative: false) }
    if digits.count > 1, digits.first == UInt8(ascii: "0"), digits.allSatisfy(isDigit) { return .text }
    let result = whole(digits, radix: 10, isNegative: isNegative)
    return result == .text && isFraction(digits, isSigned: isSigned) ? .fraction : result
  }

  private static func whole(_ digits: Substring.UTF8View, radix: UInt64, isNegative: Bool) -> PlainScalar {
    guard !digits.isEmpty else { return .text }
    var magnitude: UInt64? = 0
    for character in digits {
      guard let digit = value(of: character), digit < radix else { return .text }
      guard let high = magnitude?.multipliedReportingOverflow(by: radix), !high.overflow else {
        magnitude = nil
        continue
      }
      let sum = high.partialValue.addingReportingOverflow(digit)
      magnitude = sum.overflow ? nil : sum.partialValue
    }
    return .integer(magnitude: magnitude, isNegative: isNegative)
  }

  /// `[0-9]* ( . [0-9]* )? ( [eE] [-+]? [0-9]+ )?` with at least one digit before the exponent, `.inf` or `.nan`.
  private static func isFraction(_ text: Substring.UTF8View, isSigned: Bool) -> Bool {
    switch String(text) {
    case ".inf", ".Inf", ".INF": return true
    case ".nan", ".NaN", ".NAN": return !isSigned
    default: break
    }
    let whole = text.prefix(while: isDigit)
    var rest = text[whole.endIndex...]
    var digitCount = whole.count
    if rest.first == UInt8(ascii: ".") {
      let fraction = rest.dropFirst().prefix(while: isDigit)
      digitCount += fraction.count
      rest = rest[fraction.endIndex...]
    }
    guard digitCount > 0 else { return false }
    guard let mark = rest.first else { return true }
    guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return false }
    rest = rest.dropFirst()
    if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    return !rest.isEmpty && rest.allSatisfy(isDigit)
  }

  private static func isDigit(_ character: UInt8) -> Bool {
    character >= UInt8(ascii: "0") && character <= UInt8(ascii: "9")
  }

  private static func value(of character: UInt8) -> UInt64? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(character - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(character - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(character - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
