/// Durations as people write them: `250ms`, `5s`, `2m`, `1h`.
enum DurationText {
  /// The largest number, whatever its unit. It keeps every duration in the range of the clocks.
  private static let largest: Int64 = 1_000_000

  static func read(_ text: String, from least: Duration) throws(InvalidValue) -> Duration {
    let digits = text.prefix { $0 >= "0" && $0 <= "9" }
    guard let number = Int64(digits), number <= largest, let unit = unit(text.dropFirst(digits.count)) else {
      throw InvalidValue("expected a number with its unit, such as 250ms, 5s or 2m")
    }
    let duration = unit * Int(number)
    guard duration >= least else { throw InvalidValue("it must be longer than nothing") }
    return duration
  }

  private static func unit(_ name: Substring) -> Duration? {
    switch name {
    case "ms": .milliseconds(1)
    case "s": .seconds(1)
    case "m": .seconds(60)
    case "h": .seconds(3600)
    default: nil
    }
  }
}
