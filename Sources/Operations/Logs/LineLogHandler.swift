import Glibc
import Logging

/// Writes each event as one line to the standard error.
struct LineLogHandler: LogHandler {
  /// Makes the line, without its end, of an event at a time.
  typealias Format = @Sendable (LogEvent, Logger.Metadata, timespec) -> String

  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  private let format: Format

  init(level: Logger.Level, format: @escaping Format) {
    logLevel = level
    self.format = format
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var metadata = metadata
    if let provided = metadataProvider?.get() { metadata.merge(provided) { $1 } }
    if let own = event.metadata { metadata.merge(own) { $1 } }
    if let error = event.error { metadata["error"] = "\(error)" }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    StandardError.write(format(event, metadata, now) + "\n")
  }
}

extension Logger.Metadata {
  /// The entries by key: a dictionary has no order that a reader could rely on.
  var sorted: [(key: String, value: Logger.MetadataValue)] { self.sorted { $0.key < $1.key } }
}
