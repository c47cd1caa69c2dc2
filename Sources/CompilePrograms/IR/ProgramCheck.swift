import Foundation

/// Finds what of an author's program cannot run in the kernel, in what the compiler made of it.
struct ProgramCheck {
  private let module: IRModule
  private let programs: [ProgramSource]
  private let files: Set<String>
  private var found: [(problem: Problem, kind: Kind)] = []
  private var seen: Set<String> = []
  /// The functions on the way to the one that is looked at.
  private var way: [String] = []

  /// What is wrong; of a line only what comes first in this order is told, since the rest follows from it.
  private enum Kind: Int { case options, missing, recursion, instruction, trap, loop }

  /// How many bytes of a slot are there for a program's options.
  private static let optionsRoom = 32

  /// The problems in the order of their places.
  static func problems(in ir: String, of programs: [ProgramSource]) -> [Problem] {
    var check = ProgramCheck(module: IRModule(ir), programs: programs)
    for program in programs {
      check.checkOptions(of: program)
      for entry in ProgramEntries.names {
        check.check(ProgramEntries.symbol(program, entry), at: (program.file.path, program.line))
      }
    }
    return check.problems
  }

  private init(module: IRModule, programs: [ProgramSource]) {
    self.module = module
    self.programs = programs
    files = Set(programs.map(\.file.path))
  }

  private mutating func report(_ kind: Kind, _ place: (file: String, line: Int), _ text: String) {
    let problem = Problem(file: place.file, line: place.line, text: text)
    if !found.contains(where: { $0.problem == problem }) { found.append((problem, kind)) }
  }

  private var problems: [Problem] {
    found.filter { one in
      !found.contains { other in
        other.problem.file == one.problem.file && other.problem.line == one.problem.line
          && other.kind.rawValue < one.kind.rawValue
      }
    }.map(\.problem).sorted { ($0.file, $0.line, $0.text) < ($1.file, $1.line, $1.text) }
  }

  private mutating func checkOptions(of program: ProgramSource) {
    let entry = module.functions[ProgramEntries.symbol(program, ProgramEntries.optionsSize)]
    guard let result = entry?.lines.first(where: { $0.contains(" ret ") }),
      let size = Int(result.split(separator: ",")[0].split(separator: " ").last ?? ""),
      size > Self.optionsRoom
    else { return }
    report(
      .options, (program.file.path, program.line),
      "the Options of \(program.name) take \(size) bytes, and the kernel's program has room for \(Self.optionsRoom): "
        + "leave out what is not asked on every packet, or make it smaller")
  }

  /// - Parameter place: where the author's source calls the function.
  private mutating func check(_ name: String, at place: (file: String, line: Int)) {
    guard let function = module.functions[name] else {
      if !isOfKernel(name) {
        report(
          .missing, place,
          "this calls '\(name)', which is not there in the kernel: leave it out, or do it on sockets"
        )
      }
      return
    }
    if way.contains(name) {
      return report(
        .recursion, place,
        "this calls itself, which the kernel's program cannot: write it without recursion")
    }
    guard seen.insert(name).inserted else { return }
    if Self.isOfRuntime(name) {
      return report(
        .missing, place,
        "this needs the Swift runtime ('\(name)'), which is not there in the kernel: keep to values, and to constants that "
          + "are known when it is compiled")
    }
    way.append(name)
    defer { way.removeLast() }
    checkLoops(of: function, place)
    for line in function.lines {
      if let callee = IRModule.callee(of: line) {
        if callee == "llvm.trap" {
          reportTrap(line, place)
        } else if !callee.hasPrefix("llvm.") {
          check(callee, at: authors(line) ?? place)
        }
      } else if let problem = Self.problem(ofInstruction: line) {
        report(.instruction, authors(line) ?? place, problem)
      }
    }
  }

  /// The services of the kernel's program, and what C has of its headers.
  private func isOfKernel(_ name: String) -> Bool {
    ["kernel_", "packet_", "slot_", "llvm."].contains { name.hasPrefix($0) }
  }

  private static func isOfRuntime(_ name: String) -> Bool {
    name.hasPrefix("swift_") || name.hasPrefix("_swift_")
  }

  /// The innermost place in an author's source.
  private func authors(_ line: Substring) -> (file: String, line: Int)? {
    IRLocation(of: line, in: module).frames.first { files.contains($0.file) && $0.line > 0 }.map {
      ($0.file, $0.line)
    }
  }

  private mutating func reportTrap(_ line: Substring, _ place: (file: String, line: Int)) {
    let failure = IRLocation(of: line, in: module).failure.map(String.init) ?? "a check that fails"
    report(
      .trap, authors(line) ?? place,
      "this may trap (\(failure)), and nothing may trap in the kernel: \(Self.advice(onTrap: failure.lowercased()))"
    )
  }

  private static func advice(onTrap failure: String) -> String {
    if failure.contains("division") {
      return "compare the divisor with 0 first, and divide numbers without a sign"
    }
    if failure.contains("overflow") { return "use &+, &- and &*" }
    if failure.contains("nil") { return "use 'guard let' in place of '!'" }
    if failure.contains("index") || failure.contains("bounds") {
      return "compare the index with the bounds first, and leave by a verdict where it is outside"
    }
    if failure.contains("not enough bits") || failure.contains("negative value") {
      return "use 'truncatingIfNeeded:' for the conversion"
    }
    return "compare first, and leave by a verdict"
  }

  private mutating func checkLoops(
    of function: IRModule.Function, _ place: (file: String, line: Int)
  ) {
    // 0: not seen. 1: on the way. 2: done.
    var stage = [UInt8](repeating: 0, count: function.blocks.count)
    var ends: [Int] = []
    func walk(_ block: Int) {
      stage[block] = 1
      for successor in function.blocks[block].successors.compactMap({ function.places[$0] }) {
        if stage[successor] == 1 { ends.append(block) }
        if stage[successor] == 0 { walk(successor) }
      }
      stage[block] = 2
    }
    if !function.blocks.isEmpty { walk(0) }
    for block in ends {
      let lines = function.blocks[block].lines
      report(
        .loop, lines.compactMap { authors($0) }.last ?? place,
        "a loop is left here, and the kernel's program has none: let it have a small constant number of rounds, which the "
          + "compiler writes out")
    }
  }

  /// What BPF has no instruction for.
  private static func problem(ofInstruction line: Substring) -> String? {
    let words = line.split(separator: " ", maxSplits: 4)
    guard let name = words.count > 2 && words[1] == "=" ? words[2] : words.first else { return nil }
    switch name {
    case "fadd", "fsub", "fmul", "fdiv", "fcmp", "frem", "fneg", "uitofp", "sitofp", "fptoui",
      "fptosi":
      return "this is a number with a fraction, which the kernel does not know: use whole numbers"
    case "sdiv", "srem":
      return
        "this divides numbers with a sign, which the kernel's program cannot: divide numbers without one"
    case "mul", "udiv", "urem":
      guard line.contains(" i128 ") else { return nil }
      return "this takes 128 bits, which the kernel's program does not have: keep to 64"
    default: return nil
    }
  }
}
