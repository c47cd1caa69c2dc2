public import FilterKit
import ProxyConfiguration

/// The page of a filter: `README.md` in its folder.
public struct FilterPage {
  public let text: String

  public init(folder: String) throws(ConformanceCase.FileError) {
    text = String(
      decoding: try ConformanceCase.contents(of: "\(ConformanceCase.directory)/\(folder)/README.md"), as: UTF8.self)
  }

  /// The last block of YAML on the page, as a tree. Nil where there is none.
  public func example() throws(ConformanceCase.FileError) -> ConfigurationNode? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.lastIndex(of: "```yaml"), let end = lines[start...].firstIndex(of: "```") else {
      return nil
    }
    let diagnostics = Diagnostics()
    let block = lines[lines.index(after: start)..<end].joined(separator: "\n") + "\n"
    let node = YAMLDocument.read(Array(block.utf8).span, diagnostics: diagnostics)
    guard !diagnostics.hasErrors else {
      throw ConformanceCase.FileError(description: diagnostics.report.lines(in: "README.md").joined(separator: "\n"))
    }
    return node
  }
}
