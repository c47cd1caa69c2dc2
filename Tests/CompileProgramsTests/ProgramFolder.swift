import Foundation
import TestNetwork

@testable import CompilePrograms

/// A folder with packet programs, and the tool on them.
struct ProgramFolder {
  let folder: TemporaryDirectory
  private(set) var files: [String] = []

  init() throws { folder = try TemporaryDirectory() }

  /// Adds a program whose `read` has these lines, from line 5 of its file on.
  mutating func add(_ name: String, _ lines: String, before: String = "", options: String = "var size: UInt32") throws {
    let text = """
      import FilterKit\(before.isEmpty ? "" : "; \(before)")
      enum \(name): PacketProgram {
        struct Options: BitwiseCopyable, Sendable { \(options) }
        static func read<P: PacketAccess & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict {
      \(lines)
        }
      }

      """
    try write(text, to: "\(name).swift")
  }

  mutating func write(_ text: String, to name: String) throws {
    files.append(try folder.write(text, to: name))
  }

  /// What the tool says where it looks at the programs alone, and at others; empty where it has no fault to find.
  func check(with others: [String] = []) throws -> String {
    try say(["--check"] + files + others, toolchain: try Self.toolchain())
  }

  /// What the tool writes and says.
  func build(_ options: [String] = [], toolchain: String) throws -> (source: String, said: String) {
    let output = "\(folder.path)/output"
    let said = try say(["--output", output] + options + files, toolchain: toolchain)
    return ((try? String(contentsOfFile: output, encoding: .utf8)) ?? "", said)
  }

  private func say(_ arguments: [String], toolchain: String) throws -> String {
    do {
      try Compilation(Request(["--toolchain", toolchain, "--package", Self.package] + arguments)).run()
      return ""
    } catch let error as BuildError {
      return error.description.replacing("\(folder.path)/", with: "")
    }
  }

  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    .path

  /// The folder of the toolchain that runs these tests.
  private static func toolchain() throws -> String {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":").map(String.init) ?? []
    guard let folder = folders.first(where: { FileManager.default.isExecutableFile(atPath: "\($0)/swiftc") }) else {
      throw CocoaError(.fileNoSuchFile)
    }
    return URL(fileURLWithPath: "\(folder)/swiftc").resolvingSymlinksInPath().deletingLastPathComponent().path
  }
}

extension TemporaryDirectory {
  /// Makes a folder in it, and those that it is in. Gives its path.
  @discardableResult
  func makeFolder(_ name: String) throws -> String {
    try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    return "\(path)/\(name)"
  }
}
