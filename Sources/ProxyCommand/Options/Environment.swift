import CSys
import FilterKit

/// The variables that options are taken from.
struct Environment: Sendable {
  let variables: [String: String]

  /// Those of the process.
  static var process: Environment {
    var variables: [String: String] = [:]
    guard var next = csys_environment() else { return Environment(variables: [:]) }
    while let variable = next.pointee {
      let parts = String(cString: variable).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      variables[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
      next += 1
    }
    return Environment(variables: variables)
  }

  /// The value of a variable; nil where it is not set, or set to nothing.
  subscript(name: String) -> String? {
    guard let value = variables[name], !value.isEmpty else { return nil }
    return value
  }

  /// What to say about variables that look like misspelt options. Others that begin with `PROXY_` may belong to somebody else.
  func misspelt(_ known: [String]) -> [String] {
    variables.keys.filter { $0.hasPrefix("PROXY_") && !known.contains($0) }.sorted().compactMap { name in
      Spelling.nearest(to: name, among: known).map {
        "the variable \(excerpt(name)) of the environment has no effect (did you mean '\($0)'?)"
      }
    }
  }
}
