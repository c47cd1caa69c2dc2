/// What the Swift compiler says of an author's sources, without what it says of others.
struct CompilerOutput {
  /// One message with the lines of source that belong to it.
  private struct Message {
    let file: Substring
    let line: Int
    let isError: Bool
    let text: Substring
    var lines: [Substring]
  }

  /// The errors in the author's sources, each with a note on what to do. Empty where there is none.
  let errors: String

  init(_ output: String, files: Set<String>) {
    var messages: [Message] = []
    for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
      if let message = Self.message(line) {
        messages.append(message)
      } else if !messages.isEmpty, !line.isEmpty {
        messages[messages.count - 1].lines.append(line)
      }
    }
    var seen: Set<[Substring]> = []
    errors = messages.filter {
      $0.isError && files.contains(String($0.file)) && seen.insert($0.lines).inserted
    }
    .map { message in
      let note =
        Self.advice(on: message.text).map { "\n\(message.file):\(message.line): note: \($0)" } ?? ""
      return message.lines.joined(separator: "\n") + note
    }.joined(separator: "\n")
  }

  /// `FILE:LINE:COLUMN: KIND: TEXT`.
  private static func message(_ line: Substring) -> Message? {
    guard
      let match = line.firstMatch(
        of: #/^([^ :][^:]*):(\d+):\d+: (error|warning|note|remark): (.*)$/#)
    else {
      return line.hasPrefix("<unknown>:") || line.hasPrefix("error: ")
        ? Message(file: "", line: 0, isError: true, text: line, lines: [line]) : nil
    }
    return Message(
      file: match.1, line: Int(match.2) ?? 0, isError: match.3 == "error", text: match.4,
      lines: [line])
  }

  private static func advice(on text: Substring) -> String? {
    if text.contains("-no-allocations mode") {
      return
        "a packet program allocates nothing: use structs, enums and tuples in place of arrays, strings, classes and "
        + "closures that are kept"
    }
    if text.contains("protocol type") || text.contains("dynamic cast") || text.contains("metatype") {
      return
        "a packet program knows all types when it is compiled: use a generic parameter or an enum"
    }
    if text.contains("no such module") { return "a packet program imports FilterKit alone" }
    if text.contains("cannot find") {
      return
        "a packet program is compiled without the rest of its target: what it uses stands in its own file"
    }
    return nil
  }
}
