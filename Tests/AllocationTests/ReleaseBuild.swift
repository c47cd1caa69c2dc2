import Glibc
import TestNetwork
import Testing

/// The command `proxy` as it is shipped: optimised. Counts of a debug build say nothing.
enum ReleaseBuild {
  /// Where SwiftPM puts it, beside the folder of the debug build.
  static let proxy: Result<String, any Error> = Result {
    try ChildProcess.productDirectory() + "/../release/proxy"
  }

  static var exists: Bool { (try? proxy.get()).map { access($0, X_OK) == 0 } ?? false }
}

/// CI runs where the release build is missing.
struct MissingReleaseBuild: Error, CustomStringConvertible {
  var description: String { "the release build is missing: swift build -c release --product proxy" }
}

extension Trait where Self == ConditionTrait {
  /// The test runs the release build. Where there is none, it is skipped; in CI (`CI=true`) it fails.
  static var requiresReleaseBuild: Self {
    .enabled(Comment(rawValue: MissingReleaseBuild().description)) {
      if ReleaseBuild.exists { return true }
      if getenv("CI").map({ String(cString: $0) }) == "true" { throw MissingReleaseBuild() }
      return false
    }
  }
}
