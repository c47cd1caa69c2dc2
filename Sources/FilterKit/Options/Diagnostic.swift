/// Something to say about one place of a configuration file.
public struct Diagnostic: Hashable, Sendable {
  public enum Severity: Hashable, Sendable {
    /// The file cannot be used.
    case error
    /// The file can be used, and is likely not what its author meant.
    case warning
  }

  public var severity: Severity
  public var mark: Mark
  public var message: String

  public init(_ severity: Severity, at mark: Mark, _ message: String) {
    self.severity = severity
    self.mark = mark
    self.message = message
  }

  /// One line as compilers print it: `proxy.yaml:4:7: unknown key 'sufix'`. Editors and terminals know the form and jump there.
  public func text(in file: String) -> String {
    let label = severity == .warning ? "warning: " : ""
    return "\(file):\(mark.line):\(mark.column): \(label)\(message)"
  }
}
