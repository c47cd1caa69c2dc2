import Foundation

/// From sources to the object in a Swift source.
struct Compilation {
  private let request: Request
  private let toolchain: Toolchain
  private let kernel: KernelSources

  init(_ request: Request) {
    self.request = request
    toolchain = Toolchain(folder: request.toolchain)
    kernel = KernelSources(root: request.package)
  }

  func run() throws {
    let programs = try ProgramSource.find(in: request.sources)
    do {
      if let obstacle = try toolchain.obstacle() { throw obstacle }
      let work = FileManager.default.temporaryDirectory.appending(path: "packet-programs-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: work) }
      if request.onlyChecks {
        _ = try checkedIR(of: programs, in: work, files: kernel.kit())
      } else {
        try write(ObjectSource.holding(object(of: programs, in: work), programs))
      }
    } catch let obstacle as Obstacle {
      guard !request.isRequired else {
        throw BuildError("packet programs cannot be compiled here: \(obstacle.reason)")
      }
      print("warning: the proxy is built without packet programs, so all filters run on sockets: \(obstacle.reason)")
      try write(ObjectSource.without(obstacle.reason))
    }
  }

  private func write(_ source: String) throws {
    guard let output = request.output else { return }
    try source.write(to: output, atomically: true, encoding: .utf8)
  }

  private func object(of programs: [ProgramSource], in work: URL) throws -> Data {
    let bitcode = work.appending(path: "programs.bc")
    let object = work.appending(path: "proxy.o")
    let bpf = work.appending(path: "bpf.ll")
    let ir = try checkedIR(of: programs, in: work, files: kernel.kit() + kernel.filters())
    try ProgramEntries(programs: programs).header.write(
      to: work.appending(path: "programs.h"), atomically: false, encoding: .utf8)
    try Retargeting.rewrite(ir, of: programs).write(to: bpf, atomically: false, encoding: .utf8)
    let names = programs.map(\.name)
    try call(
      toolchain.clang, for: names,
      ["-target", "bpf", "-x", "ir", "-emit-llvm", "-c", bpf.path, "-o", bitcode.path])
    try call(toolchain.clang, for: names, arguments(linking: bitcode, in: work, to: object))
    // Drops DWARF; BTF stays.
    try call(toolchain.objcopy, for: names, ["--strip-debug", object.path])
    return try Data(contentsOf: object)
  }

  /// The Swift of the kernel's program as IR, without anything of an author's that cannot run in the kernel. All files are one module
  /// here, so their imports of PacketKit say nothing; FilterKit, which authors import, is an empty one.
  private func checkedIR(of programs: [ProgramSource], in work: URL, files: [URL]) throws -> String {
    let entries = work.appending(path: "ProgramEntries.swift")
    let ir = work.appending(path: "swift.ll")
    let modules = work.appending(path: "modules")
    try ProgramEntries(programs: programs).swift.write(
      to: entries, atomically: false, encoding: .utf8)
    try FileManager.default.createDirectory(at: modules, withIntermediateDirectories: true)
    try "module FilterKit {}\n".write(
      to: modules.appending(path: "module.modulemap"), atomically: false, encoding: .utf8)
    let result = try Command.run(
      toolchain.swiftc,
      [
        "-target", Toolchain.target, "-O", "-wmo", "-parse-as-library", "-swift-version", "6", "-gline-tables-only",
        "-enable-experimental-feature", "Embedded", "-enable-experimental-feature", "Lifetimes", "-no-allocations",
        "-module-name", "PacketKit", "-I", kernel.headers.path, "-I", modules.path, "-suppress-warnings", "-emit-ir",
      ] + (files + programs.map(\.file) + [entries]).map(\.path) + ["-o", ir.path])
    guard result.succeeded else {
      let errors = CompilerOutput(result.output, files: Set(programs.map(\.file.path))).errors
      guard errors.isEmpty else { throw BuildError(output: errors) }
      throw try failure(of: toolchain.swiftc, for: programs.map(\.name), result)
    }
    let text = try String(contentsOf: ir, encoding: .utf8)
    guard text.contains(Toolchain.dataLayout) else {
      throw Obstacle(
        "\(toolchain.swiftc.path) lays out data for \(Toolchain.target) otherwise than BPF does")
    }
    let problems = ProgramCheck.problems(in: text, of: programs)
    guard problems.isEmpty else { throw BuildError(problems) }
    return text
  }

  /// More than the kernel's 512: what is left of the program for one chain has fewer values on the stack. The specialiser has the same
  /// number.
  private static let stackBytes = 768

  /// Of v4 only gotol: a branch of 16 bits spans half of what the program may grow to. What is left of the program for one chain is
  /// small, so that what is loaded has ordinary jumps alone, which kernels before 6.6 know.
  private func arguments(linking bitcode: URL, in work: URL, to object: URL) -> [String] {
    let off = ["ldsx", "movsx", "bswap", "sdiv-smod", "storeimm"].flatMap { ["-mllvm", "-disable-\($0)"] }
    return ["-target", "bpf", "-mcpu=v4"] + off + ["-mllvm", "-bpf-stack-size=\(Self.stackBytes)"] + [
      "-O2", "-g", "-Wall", "-Werror", "-isystem", Toolchain.systemHeaders.path, "-I", kernel.headers.path,
      "-I", work.path, "-Xclang", "-fno-split-cold-code", "-Xclang", "-mlink-builtin-bitcode", "-Xclang", bitcode.path,
      "-c", kernel.program.path, "-o", object.path,
    ]
  }

  private func call(_ program: URL, for names: [String], _ arguments: [String]) throws {
    let result = try Command.run(program, arguments)
    guard result.succeeded else { throw try failure(of: program, for: names, result) }
  }

  /// What is no mistake that an author's source names a line of. With a toolchain that is known to do, and without an author's
  /// program, it is ours; with another one the toolchain's.
  private func failure(of program: URL, for names: [String], _ result: Command.Result) throws -> any Error {
    if try toolchain.isKnown() {
      let hint = "\nnote: it compiles without \(names.joined(separator: ", "))"
      return BuildError(output: result.output + (names.isEmpty ? "" : hint))
    }
    let first = result.output.split(separator: "\n").first { $0.contains("error: ") } ?? ""
    return Obstacle(
      "\(program.lastPathComponent) of \(try toolchain.versionText()) does not compile the kernel's program, which is known to "
        + "work with Swift \(Toolchain.knownVersions): \(first)")
  }
}
