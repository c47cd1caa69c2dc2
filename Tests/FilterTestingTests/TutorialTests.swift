import Foundation
import Testing

/// The tutorial's code is that of the example, which the continuous integration builds and tests.
@Suite struct TutorialTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test func everySnippetStandsInTheExample() throws {
    let example = Self.root.appending(path: "examples/XORToken")
    let files = try #require(FileManager.default.enumerator(at: example, includingPropertiesForKeys: nil))
    let sources = try files.compactMap { $0 as? URL }.filter {
      $0.pathExtension == "swift" && !$0.path.contains("/.build/")
    }
    .map { try String(contentsOf: $0, encoding: .utf8) }
    let tutorial = try String(
      contentsOf: Self.root.appending(path: "Sources/FilterKit/FilterKit.docc/FirstFilter.md"), encoding: .utf8)
    let snippets = tutorial.components(separatedBy: "```swift\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
    #expect(snippets.count == 6)
    for snippet in snippets { #expect(sources.contains { $0.contains(snippet) }, "\(snippet)") }
  }
}
