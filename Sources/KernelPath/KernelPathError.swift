import Glibc

/// Why the kernel path could not be set up.
public enum KernelPathError: Error, Equatable, CustomStringConvertible {
  /// The process may not load programs.
  case notPermitted
  /// The verifier refused the program; the last line of what it said, and all of it.
  case refused(line: String, log: String)
  /// A call failed.
  case system(call: String, errno: Int32)

  public var description: String {
    switch self {
    case .notPermitted: "this process may not load BPF programs: run as root, or give it CAP_BPF and CAP_NET_ADMIN"
    case .refused(let line, _): "the kernel refused the program: \(line)"
    case .system(let call, let errno): "\(call) failed: \(String(cString: strerror(errno)))"
    }
  }
}
