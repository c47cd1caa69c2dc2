import Foundation

/// The Swift toolchain, and all that the build of the kernel's program relies on beyond what Swift promises. It is known to work with
/// Swift 6.3 (LLVM 21).
///
/// - Embedded Swift for `riscv64-none-none-eabi`: a 64-bit target without an operating system that has BPF's data layout.
/// - The compiler's flags: `-emit-ir`, `-no-allocations`, and the experimental features `Embedded` and `Lifetimes`.
/// - What Swift writes as IR, as far as `Retargeting` rewrites it.
/// - A clang of the same LLVM with the BPF back end, which reads that IR and links it as bitcode (`-mlink-builtin-bitcode`).
/// - `llvm-objcopy`, and libbpf's headers for C.
struct Toolchain {
  /// The folder of the tools.
  let folder: URL

  var swiftc: URL { folder.appending(path: "swiftc") }
  var clang: URL { folder.appending(path: "clang") }
  var objcopy: URL { folder.appending(path: "llvm-objcopy") }

  static let target = "riscv64-none-none-eabi"
  /// BPF's, in both: what one compiler lays out, the other one reads.
  static let dataLayout = #"target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128""#
  /// The first minor version that is known not to do, and the first known to.
  private static let firstVersion = (major: 6, minor: 2)

  #if arch(x86_64)
    static let systemHeaders = URL(fileURLWithPath: "/usr/include/x86_64-linux-gnu")
  #else
    static let systemHeaders = URL(fileURLWithPath: "/usr/include/aarch64-linux-gnu")
  #endif

  /// What is missing of it, as a sentence's second half; nil where all is there.
  func obstacle() throws(BuildError) -> String? {
    for tool in [swiftc, clang, objcopy] where !FileManager.default.isExecutableFile(atPath: tool.path) {
      return "the Swift toolchain has no \(tool.path): install a toolchain of swift.org"
    }
    let version = try Command.run(swiftc, ["--version"]).output
    guard let match = version.firstMatch(of: #/Swift version (\d+)\.(\d+)/#),
      let major = Int(match.1), let minor = Int(match.2)
    else { return "\(swiftc.path) does not tell its version" }
    guard (major, minor) >= Self.firstVersion else {
      return "it was built with Swift \(major).\(minor), and packet programs need \(Self.firstVersion.major)."
        + "\(Self.firstVersion.minor) or later"
    }
    let embedded = folder.deletingLastPathComponent().appending(
      path: "lib/swift/embedded/Swift.swiftmodule/\(Self.target).swiftmodule")
    guard FileManager.default.fileExists(atPath: embedded.path) else {
      return "the Swift toolchain has no Embedded Swift for \(Self.target) (\(embedded.path)): install one of swift.org"
    }
    guard try Command.run(clang, ["-print-targets"]).output.contains(" bpf ") else {
      return "\(clang.path) has no BPF back end: install a toolchain of swift.org"
    }
    for header in ["bpf/bpf_helpers.h", "linux/bpf.h"]
    where !FileManager.default.fileExists(atPath: "/usr/include/\(header)") {
      return "/usr/include/\(header) is missing: install libbpf-dev and linux-libc-dev"
    }
    return nil
  }
}
