public import FilterKit
import Glibc

/// Why the kernel path could not be set up.
public enum KernelPathError: Error, Equatable, CustomStringConvertible {
  /// The chain is none for the kernel.
  case chain(KernelRefusal)
  /// This host's interfaces and addresses, or what was asked of them, are none for the kernel path.
  case refused(KernelRefusal)
  /// The process may not load programs.
  case notPermitted
  /// The verifier refused the program; the last line of what it said, the place in the sources where it stopped, as far as that is
  /// known, and all that it said.
  case notVerified(line: String, place: String?, log: String)
  /// An interface takes no program.
  case notAttached(interface: String, mode: AttachMode, errno: Int32)
  /// Nothing can be pinned at a path, so nothing stays.
  case notPinned(path: String, errno: Int32)
  /// What is pinned at a path cannot be taken out.
  case notRemoved(path: String)
  /// A call failed.
  case system(call: String, errno: Int32)

  public var description: String {
    switch self {
    case .notPermitted: "this process may not load BPF programs: run as root, or give it CAP_BPF and CAP_NET_ADMIN"
    case .chain(let refusal), .refused(let refusal): refusal.reason
    case .notVerified(let line, let place, _):
      "the kernel refused the program\(place.map { " at \($0)" } ?? ""): \(line) (all that its verifier said is logged with --log-level debug)"
    case .notAttached(let interface, let mode, EBUSY):
      "\(interface) has an XDP program already (\(mode.rawValue)): 'ip link show \(interface)' tells which; "
        + "detach it, or leave the interface out with --interface"
    case .notAttached(let interface, let mode, let errno):
      "\(interface) takes no XDP program (\(mode.rawValue)): \(String(cString: strerror(errno)))"
    case .notPinned(let path, let errno):
      "\(path) cannot be written: \(String(cString: strerror(errno))); mount a BPF file system that this process may write to "
        + "('mount -t bpf bpf \(PinFolder.fileSystem)'), or leave --stay out"
    case .notRemoved(let path):
      "\(path) could not be removed: run as root, in the mount namespace of the process that left it ('ls \(path)' shows it)"
    case .system(let call, let errno): "\(call) failed: \(String(cString: strerror(errno)))"
    }
  }

  /// What keeps sessions out of the kernel, as a label: one of a few.
  public enum Obstacle: String, CaseIterable, Sendable {
    case chain, host, permission, verifier, attachment, system
  }

  public var obstacle: Obstacle {
    switch self {
    case .chain: .chain
    case .refused: .host
    case .notPermitted: .permission
    case .notVerified: .verifier
    case .notAttached: .attachment
    case .notPinned, .notRemoved, .system: .system
    }
  }
}
