import Foundation

/// From sources to the object in a Swift source.
struct Compilation {
  let request: Request
  private let toolchain: Toolchain
  private let kernel: KernelSources

  init(_ request: Request) {
    self.request = request
    toolchain = Toolchain(folder: request.toolchain)
    kernel = KernelSources(root: request.package)
  }

  func run() throws {
    let programs = try ProgramSource.find(in: request.sources)
    if let obstacle = try toolchain.obstacle() {
      guard !request.isRequired else { throw BuildError("the packet programs cannot be compiled: \(obstacle)") }
      print("warning: the proxy is built without packet programs, so all filters run on sockets: \(obstacle)")
      return try ObjectSource.without(obstacle).write(to: request.output, atomically: true, encoding: .utf8)
    }
    let work = FileManager.default.temporaryDirectory.appending(path: "packet-programs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: work) }
    let object = try object(of: programs, in: work)
    try ObjectSource.holding(object, programs).write(to: request.output, atomically: true, encoding: .utf8)
  }

  private func object(of programs: [ProgramSource], in work: URL) throws -> Data {
    let entries = ProgramEntries(programs: programs)
    let bitcode = work.appending(path: "programs.bc")
    let object = work.appending(path: "proxy.o")
    try entries.header.write(to: work.appending(path: "programs.h"), atomically: false, encoding: .utf8)
    let ir = try intermediate(of: programs, entries, in: work)
    try Retargeting.rewrite(ir).write(to: work.appending(path: "bpf.ll"), atomically: false, encoding: .utf8)
    try call(
      toolchain.clang,
      ["-target", "bpf", "-x", "ir", "-emit-llvm", "-c", work.appending(path: "bpf.ll").path, "-o", bitcode.path])
    try call(toolchain.clang, arguments(linking: bitcode, in: work, to: object))
    // Drops DWARF; BTF stays.
    try call(toolchain.objcopy, ["--strip-debug", object.path])
    return try Data(contentsOf: object)
  }

  /// The Swift of the kernel's program as IR. All files are one module here, so their imports of PacketKit say nothing; FilterKit,
  /// which authors import, is an empty one.
  private func intermediate(
    of programs: [ProgramSource], _ entries: ProgramEntries, in work: URL
  ) throws -> String {
    let glue = work.appending(path: "ProgramEntries.swift")
    let ir = work.appending(path: "swift.ll")
    try entries.swift.write(to: glue, atomically: false, encoding: .utf8)
    let modules = work.appending(path: "modules")
    try FileManager.default.createDirectory(at: modules, withIntermediateDirectories: true)
    try "module FilterKit {}\n".write(
      to: modules.appending(path: "module.modulemap"), atomically: false, encoding: .utf8)
    let files = try kernel.swift() + programs.map(\.file) + [glue]
    try call(
      toolchain.swiftc,
      [
        "-target", Toolchain.target, "-O", "-wmo", "-parse-as-library", "-swift-version", "6", "-gline-tables-only",
        "-enable-experimental-feature", "Embedded", "-enable-experimental-feature", "Lifetimes", "-no-allocations",
        "-module-name", "PacketKit", "-I", kernel.headers.path, "-I", modules.path, "-suppress-warnings", "-emit-ir",
      ] + files.map(\.path) + ["-o", ir.path])
    return try String(contentsOf: ir, encoding: .utf8)
  }

  /// Of v4 only gotol: a branch of 16 bits spans half of what the program may grow to. What is left of the program for one chain is
  /// small, so that what is loaded has ordinary jumps alone, which kernels before 6.6 know.
  private func arguments(linking bitcode: URL, in work: URL, to object: URL) -> [String] {
    let off = ["ldsx", "movsx", "bswap", "sdiv-smod", "storeimm"].flatMap { ["-mllvm", "-disable-\($0)"] }
    return ["-target", "bpf", "-mcpu=v4"] + off + [
      "-O2", "-g", "-Wall", "-Werror", "-isystem", Toolchain.systemHeaders.path, "-I", kernel.headers.path,
      "-I", work.path, "-Xclang", "-fno-split-cold-code", "-Xclang", "-mlink-builtin-bitcode", "-Xclang", bitcode.path,
      "-c", kernel.program.path, "-o", object.path,
    ]
  }

  private func call(_ program: URL, _ arguments: [String]) throws(BuildError) {
    let result = try Command.run(program, arguments)
    guard result.succeeded else { throw BuildError(output: result.output) }
  }
}
