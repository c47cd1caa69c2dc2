import Foundation
import TestNetwork
import Testing

@testable import CompilePrograms

/// A toolchain that cannot compile packet programs leaves all to the sockets, and says why.
@Suite struct ToolchainTests {
  @Test func withoutTheToolchainTheReasonIsBuiltIn() throws {
    let folder = try ProgramFolder()
    let reason = "/nowhere/swiftc is missing: install a Swift toolchain of swift.org"
    let (source, said) = try folder.build(toolchain: "/nowhere")
    #expect(source.contains("static let compiled = ProgramObject(obstacle: \"\(reason)\")"))
    #expect(said == "")
    let required = try folder.build(["--required"], toolchain: "/nowhere")
    #expect(required.said == "error: packet programs cannot be compiled here: \(reason)")
  }

  /// What there is of a toolchain, and what is missed of it.
  @Test(arguments: [
    (Made(version: "6.2.4"), "Swift 6.2 is too old for packet programs: install Swift 6.3"),
    (Made(hasEmbedded: false), "riscv64-none-none-eabi.swiftmodule is missing: install a Swift toolchain of swift.org"),
    (Made(targets: "x86-64"), "/bin/clang has no BPF back end: install a Swift toolchain of swift.org"),
    // A later one is tried. That it fails is its own fault and not the programs'.
    (
      Made(version: "6.4-dev"),
      "swiftc of Swift 6.4 does not compile the kernel's program, which is known to work with Swift 6.3: error: no such thing"
    ),
  ]) func whatIsMissingIsNamed(_ made: Made, _ reason: String) throws {
    let folder = try ProgramFolder()
    let toolchain = try made.write()
    let (source, said) = try folder.build(toolchain: "\(toolchain.path)/bin")
    #expect(source.contains(reason), "\(source)")
    #expect(said == "")
  }

  @Test func aKnownToolchainThatFailsIsAMistakeOfOurs() throws {
    let folder = try ProgramFolder()
    let toolchain = try Made().write()
    let (source, said) = try folder.build(toolchain: "\(toolchain.path)/bin")
    #expect(source == "" && said == "error: no such thing")
  }

  struct Made {
    var version = "6.3.9"
    var targets = "bpf"
    var hasEmbedded = true

    func write() throws -> TemporaryDirectory {
      let folder = try TemporaryDirectory()
      try folder.makeFolder("bin")
      for (name, script) in [
        ("swiftc", "[ $1 = --version ] && echo Swift version \(version) && exit; echo error: no such thing; exit 1"),
        ("clang", "echo '  \(targets)  - a target'"), ("llvm-objcopy", ""),
      ] {
        let file = try folder.write("#!/bin/sh\n\(script)\n", to: "bin/\(name)")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
      }
      let library = try folder.makeFolder("lib/swift/embedded/Swift.swiftmodule")
      if hasEmbedded {
        try "".write(
          toFile: "\(library)/\(Toolchain.target).swiftmodule", atomically: false, encoding: .utf8)
      }
      return folder
    }
  }
}
