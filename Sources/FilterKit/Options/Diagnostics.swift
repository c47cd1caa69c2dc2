/// Collects what there is to say about one configuration file.
///
/// Whoever reads a part of the file reports here and goes on, so that one pass finds everything. A file with very many problems
/// costs no more memory than one with a few: the first ones by place are kept, the others are counted.
public final class Diagnostics {
  /// How many errors, and how many warnings, are kept.
  public static let limit = 100

  private var errors = FirstByPlace(limit: Diagnostics.limit)
  private var warnings = FirstByPlace(limit: Diagnostics.limit)

  public init() {}

  /// Reports what makes the file unusable. The message is built only where it is kept.
  public func error(_ message: @autoclosure () -> String, at mark: Mark) {
    errors.insert(at: mark) { Diagnostic(.error, at: mark, message()) }
  }

  /// Reports what is likely not meant. The message is built only where it is kept.
  public func warning(_ message: @autoclosure () -> String, at mark: Mark) {
    warnings.insert(at: mark) { Diagnostic(.warning, at: mark, message()) }
  }

  public var hasErrors: Bool { errors.total > 0 }

  /// Whether an error at this place would be listed; otherwise it is only counted, and its message need not be worked out.
  public func lists(errorAt mark: Mark) -> Bool { errors.keeps(mark) }

  /// What was reported so far.
  public var report: DiagnosticReport {
    let kept = errors.sorted + warnings.sorted
    return DiagnosticReport(
      // Sorting is stable: at one place errors stand before warnings, and in the order of their reporting.
      diagnostics: kept.sorted { $0.mark < $1.mark }, errorCount: errors.total, warningCount: warnings.total)
  }
}

/// What was found in a configuration file, in the order of the file.
public struct DiagnosticReport: Hashable, Sendable {
  /// The first errors and the first warnings, at most `Diagnostics.limit` of each, sorted by place.
  public let diagnostics: [Diagnostic]
  /// All errors, also those that are not listed.
  public let errorCount: Int
  /// All warnings, also those that are not listed.
  public let warningCount: Int

  public init(diagnostics: [Diagnostic], errorCount: Int, warningCount: Int) {
    self.diagnostics = diagnostics
    self.errorCount = errorCount
    self.warningCount = warningCount
  }

  public var hasErrors: Bool { errorCount > 0 }
  public var isEmpty: Bool { errorCount + warningCount == 0 }

  /// One diagnostic a line, and a last line that counts what is not listed.
  public func lines(in file: String) -> [String] {
    var lines = diagnostics.map { $0.text(in: file) }
    let omitted = errorCount + warningCount - diagnostics.count
    if omitted > 0 { lines.append("… and \(omitted) more") }
    return lines
  }
}

/// Keeps the first diagnostics by place and counts all.
private struct FirstByPlace {
  let limit: Int
  private(set) var total = 0
  private var kept: [Diagnostic] = []
  /// What stands behind this place is not kept any more.
  private var horizon: Mark?

  init(limit: Int) { self.limit = limit }

  var sorted: [Diagnostic] { Array(Self.inOrder(kept).prefix(limit)) }

  func keeps(_ mark: Mark) -> Bool { horizon.map { mark < $0 } ?? true }

  mutating func insert(at mark: Mark, _ diagnostic: () -> Diagnostic) {
    total += 1
    guard keeps(mark) else { return }
    kept.append(diagnostic())
    // Cutting at twice the limit makes the sorting cost nothing to speak of per diagnostic.
    if kept.count >= 2 * limit {
      kept = sorted
      horizon = kept.last?.mark
    }
  }

  private static func inOrder(_ diagnostics: [Diagnostic]) -> [Diagnostic] { diagnostics.sorted { $0.mark < $1.mark } }
}
