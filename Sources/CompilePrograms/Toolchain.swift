import Foundation

/// The Swift toolchain, and all that the build of the kernel's program relies on beyond what Swift promises:
///
/// - Embedded Swift for `riscv64-none-none-eabi`: a 64-bit target without an operating system that has BPF's data layout.
/// - The compiler's flags: `-emit-ir`, `-no-allocations`, and the experimental features `Embedded` and `Lifetimes`.
/// - What Swift writes as IR, as far as `Retargeting` rewrites it, and names failed checks "Swift runtime failure: ...".
/// - A clang of the same LLVM with the BPF back end, which reads that IR and links it as bitcode (`-mlink-builtin-bitcode`).
/// - `llvm-objcopy`, and the C headers of libbpf.
struct Toolchain {
  /// The folder of the tools.
  let folder: URL

  /// The minor versions of Swift 6 that it was tried with. A later one may do, and an earlier one does not.
  private static let known = 3...3
  static let knownVersions = "6.3"

  static let target = "riscv64-none-none-eabi"
  /// BPF's, as Swift has to write it: what one compiler lays out, the other one reads.
  static let dataLayout = #"target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128""#

  #if arch(x86_64)
    static let systemHeaders = URL(fileURLWithPath: "/usr/include/x86_64-linux-gnu")
  #else
    static let systemHeaders = URL(fileURLWithPath: "/usr/include/aarch64-linux-gnu")
  #endif

  var swiftc: URL { folder.appending(path: "swiftc") }
  var clang: URL { folder.appending(path: "clang") }
  var objcopy: URL { folder.appending(path: "llvm-objcopy") }

  /// What is missing of it; nil where all is there.
  func obstacle() throws -> Obstacle? {
    for tool in [swiftc, clang, objcopy]
    where !FileManager.default.isExecutableFile(atPath: tool.path) {
      return Obstacle("\(tool.path) is missing: install a Swift toolchain of swift.org")
    }
    guard let version = try version() else {
      return Obstacle("\(swiftc.path) does not tell its version")
    }
    guard version >= (6, Self.known.lowerBound) else {
      return Obstacle(
        "\(try versionText()) is too old for packet programs: install Swift \(Self.knownVersions)")
    }
    let library = folder.deletingLastPathComponent().appending(
      path: "lib/swift/embedded/Swift.swiftmodule/\(Self.target).swiftmodule")
    guard FileManager.default.fileExists(atPath: library.path) else {
      return Obstacle(
        "\(library.path) is missing: install a Swift toolchain of swift.org, which has Embedded Swift"
      )
    }
    guard try Command.run(clang, ["-print-targets"]).output.contains(" bpf ") else {
      return Obstacle("\(clang.path) has no BPF back end: install a Swift toolchain of swift.org")
    }
    for header in ["/usr/include/bpf/bpf_helpers.h", "/usr/include/linux/bpf.h"]
    where !FileManager.default.fileExists(atPath: header) {
      return Obstacle("\(header) is missing: install libbpf-dev and linux-libc-dev")
    }
    return nil
  }

  /// Whether it is one that the program is known to compile with.
  func isKnown() throws -> Bool {
    try version().map { $0.major == 6 && Self.known.contains($0.minor) } ?? false
  }

  func versionText() throws -> String {
    try version().map { "Swift \($0.major).\($0.minor)" } ?? swiftc.path
  }

  private func version() throws -> (major: Int, minor: Int)? {
    let match = try Command.run(swiftc, ["--version"]).output.firstMatch(
      of: #/Swift version (\d+)\.(\d+)/#)
    guard let match, let major = Int(match.1), let minor = Int(match.2) else { return nil }
    return (major, minor)
  }
}

/// Why no object can be made, and so all filters run on sockets: a phrase that goes behind "because".
struct Obstacle: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
