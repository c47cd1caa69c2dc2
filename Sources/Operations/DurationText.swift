/// Durations as people write them: `250ms`, `5s`, `2m`, `1h`.
package enum DurationText {
  /// Why text is no duration.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  private static let units: [(name: String, milliseconds: Int64)] = [
    ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]
  /// The largest number, whatever its unit. It keeps every duration in the range of the clocks.
  private static let largest: Int64 = 1_000_000

  /// Reads a duration that is not shorter than `least`.
  package static func read(_ text: String, from least: Duration) throws(Failure) -> Duration {
    let digits = text.prefix { $0 >= "0" && $0 <= "9" }
    let unit = units.first { $0.name == text.dropFirst(digits.count) }
    guard let number = Int64(digits), number <= largest, let unit else {
      throw Failure(description: "expected a number with its unit, such as 250ms, 5s or 2m")
    }
    let duration = Duration.milliseconds(number * unit.milliseconds)
    guard duration >= least else { throw Failure(description: "it must be longer than nothing") }
    return duration
  }

  /// The shortest form that `read` takes. What is shorter than a millisecond is cut off.
  package static func text(of duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    guard milliseconds != 0 else { return "0s" }
    let unit = units.first { milliseconds % $0.milliseconds == 0 }!
    return "\(milliseconds / unit.milliseconds)\(unit.name)"
  }
}
