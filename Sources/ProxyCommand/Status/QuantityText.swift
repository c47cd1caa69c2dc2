/// Numbers as people read them.
enum QuantityText {
  /// A count in groups of three digits: `1,234,567`.
  static func count(_ count: Int) -> String {
    let digits = Array(String(count))
    return digits.indices.reduce(into: "") { text, index in
      if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
      text.append(digits[index])
    }
  }

  /// How often something happens in a second: `0`, `0.3`, `1,234`.
  static func rate(_ rate: Double) -> String {
    let rate = bounded(rate)
    return rate >= 9.95 || rate == 0 ? count(Int(rate.rounded())) : decimal(rate, places: 1)
  }

  /// Bits in a second, in three digits or so: `812 bit/s`, `1.23 Mbit/s`.
  static func bits(_ rate: Double) -> String {
    var (number, unit) = (bounded(rate), 0)
    let units = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"]
    while number >= 999.5, unit < units.count - 1 { (number, unit) = (number / 1000, unit + 1) }
    let places = unit == 0 || number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2
    return "\(decimal(number, places: places)) \(units[unit])"
  }

  /// `98.7%`.
  static func percent(_ share: Double) -> String { decimal(bounded(share * 100), places: 1) + "%" }

  /// Some hours or seconds, by their two largest units: `3d 4h`, `2m 5s`, `7s`.
  static func duration(seconds: Int) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")]
    let first = units.firstIndex { seconds >= $0.0 } ?? units.count - 1
    var (rest, parts) = (seconds, [String]())
    for (size, name) in units[first...].prefix(2) {
      if rest / size > 0 || parts.isEmpty { parts.append("\(rest / size)\(name)") }
      rest %= size
    }
    return parts.joined(separator: " ")
  }

  /// How long some work took: `0.8 ms`, `12.0 ms`, `1.5 s`.
  static func time(seconds: Double) -> String {
    seconds < 0.99995
      ? decimal(bounded(seconds * 1000), places: 1) + " ms" : decimal(bounded(seconds), places: 1) + " s"
  }

  private static func decimal(_ number: Double, places: Int) -> String {
    let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((number * Double(scale)).rounded())
    guard places > 0 else { return count(scaled) }
    let fraction = String(scaled % scale)
    return "\(count(scaled / scale)).\(String(repeating: "0", count: places - fraction.count))\(fraction)"
  }

  /// A number that an integer can hold a thousand times over.
  private static func bounded(_ number: Double) -> Double { number > 0 ? min(number, 1e15) : 0 }
}
