import Foundation

/// A file with a packet program of an author.
struct ProgramSource {
  let file: URL
  /// The name of its type, which is that of the file.
  let name: String
  /// The line of the type's declaration, from 1.
  let line: Int
  /// Whether it may have a `note`. One that has none costs nothing for it.
  let notes: Bool

  /// The programs in files, in the order of their names. A file without a `PacketProgram` is none of ours.
  static func find(in files: [URL]) throws(BuildError) -> [ProgramSource] {
    var programs: [ProgramSource] = []
    for file in files {
      guard let text = try? String(contentsOf: file, encoding: .utf8) else {
        throw BuildError("cannot read \(file.path)")
      }
      programs += try declarations(in: text, file)
    }
    programs.sort { ($0.name, $0.file.path) < ($1.name, $1.file.path) }
    for (one, next) in zip(programs, programs.dropFirst()) where one.name == next.name {
      throw BuildError([
        Problem(
          file: next.file.path, line: next.line,
          text: "there is another packet program '\(next.name)', in \(one.file.path):\(one.line): in the kernel all "
            + "programs of a proxy have different names, so give one of them another")
      ])
    }
    guard programs.count <= maximumCount else {
      throw BuildError("\(programs.count) packet programs: the kernel's program has room for \(maximumCount)")
    }
    return programs
  }

  /// A slot's kind is one byte.
  private static let maximumCount = 128

  private static func declarations(in text: String, _ file: URL) throws(BuildError) -> [ProgramSource] {
    let expected = file.deletingPathExtension().lastPathComponent
    let code = text.replacing(#/\/\/[^\n]*/#, with: "")
    var programs: [ProgramSource] = []
    for match in code.matches(of: #/\b(?:enum|struct|class|actor|extension)\s+(\w+)\s*:[^{]*\bPacketProgram\b/#) {
      let name = String(match.1)
      let line = code[..<match.1.startIndex].utf8.count { $0 == UInt8(ascii: "\n") } + 1
      guard name == expected else {
        throw BuildError([
          Problem(
            file: file.path, line: line,
            text: "the packet program '\(name)' is to stand in a file that is named after it, \(name).swift, and its "
              + "name to end in Program")
        ])
      }
      programs.append(
        ProgramSource(file: file, name: name, line: line, notes: code.contains(#/\bfunc\s+`?note\b/#)))
    }
    return programs
  }
}
