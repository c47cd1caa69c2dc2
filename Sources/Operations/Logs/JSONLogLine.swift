import Glibc
import Logging
import ProxyConfiguration

/// Log lines for machines: one JSON object each.
enum JSONLogLine {
  static let format: LineLogHandler.Format = { event, metadata, time in
    var line = "{\"time\":\"\(timestamp(time))\",\"level\":\"\(event.level)\",\"message\":"
    line += JSONString.quoted(event.message.description)
    for (key, value) in metadata.sorted {
      // A key that the line has already would be two values of one name.
      let key = ["time", "level", "message"].contains(key) ? "\(key)_" : key
      line += ",\(JSONString.quoted(key)):\(text(value))"
    }
    return line + "}"
  }

  /// RFC 3339, in UTC.
  private static func timestamp(_ time: timespec) -> String {
    var seconds = time.tv_sec
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let date = "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))"
    let clock = "\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec))"
    return "\(date)T\(clock).\(digits(time.tv_nsec / 1_000_000, 3))Z"
  }

  private static func text(_ value: Logger.MetadataValue) -> String {
    switch value {
    case .string(let text): JSONString.quoted(text)
    case .stringConvertible(let value as any BinaryInteger): "\(value)"
    case .stringConvertible(let value as Bool): "\(value)"
    case .stringConvertible(let value): JSONString.quoted(value.description)
    case .array(let values): "[\(values.map(text).joined(separator: ","))]"
    case .dictionary(let entries):
      "{\(entries.sorted.map { "\(JSONString.quoted($0.key)):\(text($0.value))" }.joined(separator: ","))}"
    }
  }
}
