import Glibc
public import Logging

/// How log lines look.
public enum LogFormat: String, CaseIterable, Sendable {
  /// Text on a terminal, JSON otherwise.
  case auto
  case text
  case json

  /// A handler that writes lines of this format to the standard error.
  public func handler(level: Logger.Level) -> any LogHandler {
    let isTerminal = isatty(STDERR_FILENO) == 1
    let isText = self == .auto ? isTerminal : self == .text
    return LineLogHandler(level: level, format: isText ? TextLogLine.format(hasColor: isTerminal) : JSONLogLine.format)
  }
}
