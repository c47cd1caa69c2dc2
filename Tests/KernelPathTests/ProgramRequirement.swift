import CDataPath
import FilterKit
import Glibc
import KernelPath
import Testing

extension Trait where Self == ConditionTrait {
  /// The test loads BPF programs. Without the privilege it is skipped with the reason; on CI it fails.
  static var requiresPrograms: Self {
    .enabled("loading BPF programs needs root, or CAP_BPF and CAP_NET_ADMIN") {
      getenv("CI") != nil || geteuid() == 0
    }
  }
}
