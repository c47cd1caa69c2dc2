import Foundation

/// In BPF's type information an instruction has one line. What the kit does for an author's program gets the line of the program that
/// asked for it, so that a refusal of the kernel names that.
enum AuthorLocations {
  static func rewrite(_ ir: String, of programs: [ProgramSource]) -> String {
    guard !programs.isEmpty else { return ir }
    let module = IRModule(ir)
    let files = Set(programs.map(\.file.path))
    var known: [Int: Int] = [:]
    return ir.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      // Instructions are indented.
      guard line.hasPrefix("  "), let mark = line.firstRange(of: "!dbg !"),
        let number = Int(line[mark.upperBound...].prefix(while: \.isNumber))
      else { return line }
      let authors = known[number] ?? place(of: number, in: module, files)
      known[number] = authors
      guard authors != number else { return line }
      let rest = line[mark.upperBound...].drop(while: \.isNumber)
      return "\(line[..<mark.upperBound])\(authors)\(rest)"
    }.joined(separator: "\n")
  }

  /// The innermost location in an author's source, or the same where there is none.
  private static func place(of number: Int, in module: IRModule, _ files: Set<String>) -> Int {
    let frames = IRLocation(number, in: module).frames
    return frames.first { files.contains($0.file) && $0.line > 0 }?.number ?? number
  }
}
