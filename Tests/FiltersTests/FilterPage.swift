import FilterKit
import ProxyConfiguration

/// The page of a filter: `README.md` in its folder.
struct FilterPage {
  let text: String

  /// Why a page cannot be used.
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  init(folder: String) throws {
    let filters = #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/filters"
    text = String(decoding: try ConfigurationFile.contents(of: "/\(filters)/\(folder)/README.md"), as: UTF8.self)
  }

  /// The last block of YAML on the page, as a tree. Nil where there is none.
  func example() throws(Problem) -> ConfigurationNode? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.lastIndex(of: "```yaml"), let end = lines[start...].firstIndex(of: "```") else {
      return nil
    }
    let diagnostics = Diagnostics()
    let block = lines[lines.index(after: start)..<end].joined(separator: "\n") + "\n"
    let node = YAMLDocument.read(Array(block.utf8).span, diagnostics: diagnostics)
    guard !diagnostics.hasErrors else {
      throw Problem(description: diagnostics.report.lines(in: "README.md").joined(separator: "\n"))
    }
    return node
  }
}
