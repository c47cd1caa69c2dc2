import ArgumentParser
import FilterKit

/// `proxy filters`: the filters that configurations may name, and the options of one.
struct FiltersCommand: ProxySubcommand {
  static let configuration = CommandConfiguration(
    commandName: "filters",
    abstract: "List the filters, or the options of one.",
    discussion: """
      EXAMPLE:
        $ proxy filters PacketSize
        PacketSize: Limits the size of datagrams.

        min           0 to 65507
        max           0 to 65507
        on_write.min  0 to 65507
        on_write.max  0 to 65507
      """)

  @Argument(help: "The filter whose options to list.") var name: String?

  func run(with runner: CommandRunner) throws(UsageError) -> ExitStatus {
    guard let name else {
      let filters = runner.filters.filters
      print(Self.table(filters.map { ($0.name, $0.summary) }))
      return .stoppedAsAsked
    }
    guard let filter = runner.filters[name] else {
      let hint = Spelling.hint(for: name, among: runner.filters.allNames)
      throw UsageError("Unknown filter \(excerpt(name))\(hint)", help: "proxy filters")
    }
    print(filter.name + (filter.summary.isEmpty ? "" : ": \(filter.summary)"))
    if !filter.aliases.isEmpty { print("Also: \(filter.aliases.joined(separator: ", "))") }
    let rows = Self.rows(of: runner.filters.shape(of: filter), below: "")
    print(rows.isEmpty ? "It has no options." : "\n" + Self.table(rows))
    return .stoppedAsAsked
  }

  private static func rows(of shape: OptionShape, below path: String) -> [(String, String)] {
    let filter = shape.isFilter ? [(path + "name, label, config", "a filter")] : []
    return shape.properties.flatMap { rows(of: $0.value, path + $0.key, isRequired: $0.isRequired) } + filter
  }

  private static func rows(of value: OptionShape.Value, _ path: String, isRequired: Bool) -> [(String, String)] {
    switch value {
    case .mapping(let shape): rows(of: shape, below: path + ".")
    case .list(.mapping(let shape)): rows(of: shape, below: path + "[].")
    default: [(path, text(of: value) + (isRequired ? ", required" : ""))]
    }
  }

  private static func text(of value: OptionShape.Value) -> String {
    switch value {
    case .anything: "see its page"
    case .string(let fallback): "text" + written(fallback.map { "\"\($0)\"" })
    case .base64: "base64"
    case .choice(let names, let fallback): names.joined(separator: ", ") + written(fallback)
    case .integer(let range, let fallback):
      (range.upperBound == .max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)")
        + written(fallback.map { "\($0)" })
    case .boolean(let fallback): "true or false" + written(fallback.map { "\($0)" })
    case .constant: "true, false, a whole number, text, or a list of those"
    case .mapping: "a mapping"
    case .list(let item): "a list: \(text(of: item))"
    }
  }

  private static func written(_ fallback: String?) -> String { fallback.map { "; default \($0)" } ?? "" }

  private static func table(_ rows: [(String, String)]) -> String {
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { $0 + String(repeating: " ", count: width - $0.count) + "  " + $1 }.joined(separator: "\n")
  }
}
