public import FilterKit
import Glibc
import ProxyConfiguration

/// The cases of a file, or of all files `cases.yaml` in a folder and in the folders in it.
///
/// ```swift
/// @Test(arguments: try FilterCases(at: "../../Sources/Mine", filters: .withMine))
/// func cases(_ test: FilterCase) throws { try test.run() }
/// ```
///
/// A file is a list of cases:
///
/// ```yaml
/// - name: the token is cut off
///   filters:                             # as in a configuration
///     - {name: XORToken, config: {size: 4}}
///   endpoints:                           # may be left out: then there is one, 203.0.113.1:26000
///     - {address: "203.0.113.1:26000", tokens: [abcd]}
///   steps:
///     - {read: abcdhello, payload: hello, metadata: {token: abcd}}   # from a client; without 'payload' it is as it was
///     - {read: abc, drop: capture_no_value}                          # the reason, as in metrics
///     - {write: hello, from: "203.0.113.1:26000"}                    # from a server, which may be left out
///     - {read: [{hex: "00 ff"}, {repeat: a, count: 100}], to: ["203.0.113.1:26000"], times: 3}
///   counters: {XORToken: {capture_no_value: 1}}   # all drops, by the filter's label
///   metrics: {'my_total{filter="XORToken"}': 4}
/// - name: the size is needed
///   filters: [{name: XORToken}]
///   errors: ["1:2: 'size' is missing"]
/// ```
///
/// A step has also `from` (on read: the client), `to_one_of`, and `at: 1500ms`: the time since the case began. A case has also `warnings`,
/// and `clock`: the time of day in seconds since 1970, which stands still.
public struct FilterCases: Sendable, RandomAccessCollection {
  /// In the order of the files' names.
  public let cases: [FilterCase]

  /// Reads cases.
  ///
  /// - Parameters:
  ///   - path: a file or a folder. A relative path starts at the folder of the file that calls.
  ///   - registry: the filters that the cases may name.
  ///   - file: the file that calls.
  /// - Throws: `CasesUnreadable` with every mistake in the files, and where there is no case.
  public init(at path: String, filters registry: FilterRegistry, file: StaticString = #filePath) throws(CasesUnreadable)
  {
    let path = Self.absolute(path, file)
    var cases: [FilterCase] = []
    for file in Self.files(at: path) { cases += try Self.read(file, registry) }
    guard !cases.isEmpty else { throw CasesUnreadable(description: "\(path): there is no case in it") }
    self.cases = cases
  }

  public var startIndex: Int { cases.startIndex }
  public var endIndex: Int { cases.endIndex }
  public subscript(position: Int) -> FilterCase { cases[position] }

  /// Runs all cases, each through every engine that can bring it about.
  ///
  /// - Throws: `CasesFailed` with what is not as the cases say.
  public func run() throws {
    var problems: [String] = []
    for test in cases { problems += try test.problems() }
    guard problems.isEmpty else { throw CasesFailed(problems: problems, caseCount: cases.count) }
  }

  private static func absolute(_ path: String, _ file: StaticString) -> String {
    guard !path.hasPrefix("/") else { return path }
    var parts = "\(file)".split(separator: "/").dropLast().map(String.init)
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
    }
    return "/" + parts.joined(separator: "/")
  }

  private static func files(at path: String) -> [String] {
    guard path.hasSuffix(".yaml") || path.hasSuffix(".yml") else {
      return matches("\(path)/cases.yaml") + matches("\(path)/*/cases.yaml")
    }
    return [path]
  }

  private static func matches(_ pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).map { String(cString: found.gl_pathv[$0]!) }
  }

  private static func read(_ file: String, _ registry: FilterRegistry) throws(CasesUnreadable) -> [FilterCase] {
    let bytes: [UInt8]
    do throws(ConfigurationError) { bytes = try ConfigurationFile.contents(of: file) } catch {
      throw CasesUnreadable(description: error.description)
    }
    let diagnostics = Diagnostics()
    let root = YAMLDocument.read(bytes.span, diagnostics: diagnostics)
    let reader = CaseReader(file: file, registry: registry, diagnostics: diagnostics)
    let cases = root.map { reader.cases(in: $0) } ?? []
    let report = diagnostics.report
    guard report.isEmpty else { throw CasesUnreadable(description: report.lines(in: file).joined(separator: "\n")) }
    return cases
  }
}

/// A cases file that cannot be used, with every mistake's place.
public struct CasesUnreadable: Error, CustomStringConvertible, Sendable {
  public let description: String
}
