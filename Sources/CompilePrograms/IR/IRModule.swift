/// LLVM's IR as text, as far as it is looked at: functions with their blocks, and debug locations.
struct IRModule {
  struct Function {
    let name: String
    let blocks: [Block]
    /// The label's place in `blocks`.
    let places: [Substring: Int]

    var lines: some Sequence<Substring> { blocks.lazy.flatMap(\.lines) }
  }

  struct Block {
    var lines: [Substring] = []
    /// The labels that its end jumps to.
    var successors: [Substring] = []
  }

  /// By their names.
  private(set) var functions: [String: Function] = [:]
  /// The text of each numbered piece of metadata.
  private(set) var metadata: [Int: Substring] = [:]

  init(_ text: String) {
    var open: (name: String, blocks: [Block], places: [Substring: Int])?
    for line in text.split(separator: "\n") {
      switch line.utf8.first {
      case UInt8(ascii: "d") where line.hasPrefix("define "):
        guard let name = Self.function(in: line) else { continue }
        open = (name, [], [:])
      case UInt8(ascii: "}"):
        if let open {
          functions[open.name] = Function(name: open.name, blocks: open.blocks, places: open.places)
        }
        open = nil
      case UInt8(ascii: "!"):
        guard let (number, value) = Self.numbered(line) else { continue }
        metadata[number] = value
      default:
        guard open != nil else { continue }
        if let label = Self.label(line) {
          open!.places[label] = open!.blocks.count
          open!.blocks.append(Block())
        } else {
          // Without a label for the entry.
          if open!.blocks.isEmpty { open!.blocks.append(Block()) }
          let last = open!.blocks.count - 1
          open!.blocks[last].lines.append(line)
          open!.blocks[last].successors += Self.targets(in: line)
        }
      }
    }
  }

  /// The first function that a line names.
  static func function(in line: Substring) -> String? {
    guard let start = line.firstIndex(of: "@") else { return nil }
    let name = line[line.index(after: start)...]
    if name.first == "\"" {
      return name.dropFirst().firstIndex(of: "\"").map { String(name[..<$0].dropFirst()) }
    }
    return name.firstIndex(of: "(").map { String(name[..<$0]) }
  }

  /// Of a call, the function that is called; nil where that is no call, or one of a pointer.
  static func callee(of line: Substring) -> String? {
    guard let call = line.firstRange(of: "call ") else { return nil }
    let rest = line[call.upperBound...]
    guard let parenthesis = rest.firstIndex(of: "("), let start = rest.firstIndex(of: "@"),
      start < parenthesis || rest[start...].hasPrefix("@\"")
    else { return nil }
    return function(in: rest)
  }

  private static func numbered(_ line: Substring) -> (Int, Substring)? {
    guard let end = line.firstRange(of: " = "),
      let number = Int(line[..<end.lowerBound].dropFirst())
    else { return nil }
    return (number, line[end.upperBound...])
  }

  private static func label(_ line: Substring) -> Substring? {
    guard line.first != " ", let end = line.firstIndex(of: ":") else { return nil }
    return line[..<end]
  }

  private static func targets(in line: Substring) -> [Substring] {
    var targets: [Substring] = []
    var rest = line
    while let next = rest.firstRange(of: "label %") {
      rest = rest[next.upperBound...]
      let end = rest.firstIndex { $0 == "," || $0 == " " } ?? rest.endIndex
      targets.append(rest[..<end])
      rest = rest[end...]
    }
    return targets
  }
}
