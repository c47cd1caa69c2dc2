public import FilterKit

/// Why a configuration file is not applied: everything that is wrong with it.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file, as it was named.
  public let file: String
  /// Why the file could not be read at all. There are no diagnostics then.
  public let unreadable: String?
  /// The errors, and the warnings with them.
  public let report: DiagnosticReport

  init(file: String, unreadable: String) {
    self.file = file
    self.unreadable = unreadable
    report = DiagnosticReport(diagnostics: [], errorCount: 1, warningCount: 0)
  }

  init(file: String, report: DiagnosticReport) {
    self.file = file
    unreadable = nil
    self.report = report
  }

  /// One problem a line: `proxy.yaml:4:7: unknown key 'sufix' (did you mean 'suffix'?)`. Where the file could not be read at all
  /// there is no place in it to name.
  public var lines: [String] { unreadable.map { ["\(file): \($0)"] } ?? report.lines(in: file) }

  public var description: String { lines.joined(separator: "\n") }
}
