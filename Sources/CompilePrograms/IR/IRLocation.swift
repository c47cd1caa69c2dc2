/// Where an instruction comes from: the place in the source, and the places that it was inlined at, outward.
struct IRLocation {
  struct Frame {
    /// Of the location, in the metadata.
    let number: Int
    let file: String
    /// 0 where the compiler gives none.
    let line: Int
    /// The name of the function.
    let function: Substring
  }

  let frames: [Frame]

  /// That of an instruction; empty where it has none.
  init(of instruction: Substring, in module: IRModule) {
    self.init(Self.number(behind: "!dbg !", in: instruction), in: module)
  }

  /// That of a number in the metadata.
  init(_ number: Int?, in module: IRModule) {
    var frames: [Frame] = []
    var next = number
    while let number = next, let location = module.metadata[number] {
      if let scope = Self.number(behind: "scope: !", in: location) {
        let line = Self.number(behind: "line: ", in: location) ?? 0
        frames.append(Self.frame(number, scope, line: line, module))
      }
      next = Self.number(behind: "inlinedAt: !", in: location)
    }
    self.frames = frames
  }

  /// Why the instruction stops the program, where Swift put it in: for example "arithmetic overflow".
  var failure: Substring? {
    let mark = "Swift runtime failure: "
    return frames.first { $0.function.hasPrefix(mark) }?.function.dropFirst(mark.count)
  }

  private static func frame(_ number: Int, _ scope: Int, line: Int, _ module: IRModule) -> Frame {
    var file: Substring = ""
    var directory: Substring = ""
    var function: Substring = ""
    var next: Int? = scope
    // Blocks lie in functions.
    while let text = next.flatMap({ module.metadata[$0] }) {
      if file.isEmpty, let place = Self.number(behind: "file: !", in: text).flatMap({ module.metadata[$0] }) {
        file = string(behind: "filename: \"", in: place)
        directory = string(behind: "directory: \"", in: place)
      }
      if text.contains("DISubprogram") {
        function = string(behind: "name: \"", in: text)
        break
      }
      next = Self.number(behind: "scope: !", in: text)
    }
    return Frame(
      number: number, file: file.hasPrefix("/") ? String(file) : "\(directory)/\(file)", line: line, function: function)
  }

  private static func number(behind mark: String, in text: Substring) -> Int? {
    text.firstRange(of: mark).flatMap { Int(text[$0.upperBound...].prefix(while: \.isNumber)) }
  }

  private static func string(behind mark: String, in text: Substring) -> Substring {
    text.firstRange(of: mark).map { text[$0.upperBound...].prefix { $0 != "\"" } } ?? ""
  }
}
