import Glibc
import TestNetwork

/// The counting library, built into a folder of its own, and the file that a process under it counts in.
final class AllocationCounter: Sendable {
  let directory: TemporaryDirectory

  /// Builds the library with the toolchain's clang.
  init() throws {
    directory = try TemporaryDirectory()
    try Self.run("clang", ["-O2", "-shared", "-fPIC", "-o", library, Self.source("count.c")])
  }

  /// What a process needs in its environment to be counted.
  var environment: [String: String] { ["LD_PRELOAD": library, "ALLOCATION_COUNTS": countsFile] }

  /// What the process has done so far, or had done when it ended.
  func counts() throws -> AllocationCounts {
    guard let file = fopen(countsFile, "r") else { throw MissingCounts(file: countsFile) }
    defer { fclose(file) }
    var counts = AllocationCounts()
    let size = withUnsafeMutableBytes(of: &counts) { fread($0.baseAddress!, 1, $0.count, file) }
    guard size == MemoryLayout<AllocationCounts>.size else { throw MissingCounts(file: countsFile) }
    return counts
  }

  /// Builds `Counter/sample.swift`, optimised. The program's path.
  func buildSample() throws -> String {
    let program = "\(directory.path)/sample"
    try Self.run("swiftc", ["-O", Self.source("sample.swift"), "-o", program])
    return program
  }

  private var library: String { "\(directory.path)/libcount.so" }
  private var countsFile: String { "\(directory.path)/counts" }

  private static func source(_ name: String, testFile: String = #filePath) -> String {
    testFile[..<testFile.lastIndex(of: "/")!] + "/Counter/" + name
  }

  private static func run(_ program: String, _ arguments: [String]) throws {
    let process = try ChildProcess(program, arguments)
    guard try process.awaitExit(within: .seconds(120)) == .exited(0) else {
      throw CommandError(command: program, output: process.output)
    }
  }
}

/// The process did not count: the library was not loaded into it.
struct MissingCounts: Error, CustomStringConvertible {
  let file: String

  var description: String { "\(file) has no counts in it" }
}
