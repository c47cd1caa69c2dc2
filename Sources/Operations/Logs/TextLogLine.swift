import Glibc
import Logging
import ProxyConfiguration

/// Log lines for people: local time, level, message, `key=value`.
enum TextLogLine {
  static func format(hasColor: Bool) -> LineLogHandler.Format {
    // https://no-color.org
    let hasColor = hasColor && getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
    return { event, metadata, time in
      let level = hasColor ? event.level.coloredName : event.level.paddedName
      var line = "\(clock(time)) \(level) \(event.message.description.printable)"
      for (key, value) in metadata.sorted { line += " \(key)=\(text(value))" }
      return line
    }
  }

  private static func clock(_ time: timespec) -> String {
    var seconds = time.tv_sec
    var parts = tm()
    localtime_r(&seconds, &parts)
    return
      "\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec)).\(digits(time.tv_nsec / 1_000_000, 3))"
  }

  /// A value as it is, or in quotes where one would not see its end.
  private static func text(_ value: Logger.MetadataValue) -> String {
    let text = value.description
    return text.isEmpty || text.contains { $0.isWhitespace || $0 == "\"" } ? JSONString.quoted(text) : text.printable
  }
}

extension Logger.Level {
  /// `warning` is the longest of those that are seen every day.
  fileprivate var paddedName: String {
    rawValue + String(repeating: " ", count: max(0, 7 - rawValue.count))
  }

  fileprivate var coloredName: String {
    switch self {
    case .trace, .debug: "\u{1b}[2m\(paddedName)\u{1b}[0m"
    case .info, .notice: "\u{1b}[32m\(paddedName)\u{1b}[0m"
    case .warning: "\u{1b}[33m\(paddedName)\u{1b}[0m"
    case .error, .critical: "\u{1b}[31m\(paddedName)\u{1b}[0m"
    }
  }
}

/// A number with zeros before it.
func digits(_ number: some BinaryInteger, _ count: Int = 2) -> String {
  let text = String(number)
  return String(repeating: "0", count: max(0, count - text.count)) + text
}
