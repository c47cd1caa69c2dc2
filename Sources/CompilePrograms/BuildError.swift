/// What ends the build: the text that is shown, as compilers write it.
struct BuildError: Error, CustomStringConvertible {
  let description: String

  init(_ text: String) { description = "error: \(text)" }
  /// What is wrong in an author's source.
  init(_ problems: [Problem]) { description = problems.map(\.description).joined(separator: "\n") }
  /// What a compiler wrote.
  init(output: String) { description = output.hasSuffix("\n") ? String(output.dropLast()) : output }
}

/// A mistake at a place of a source.
struct Problem: Equatable, CustomStringConvertible {
  let file: String
  /// From 1.
  let line: Int
  let text: String

  var description: String { "\(file):\(line): error: \(text)" }
}
