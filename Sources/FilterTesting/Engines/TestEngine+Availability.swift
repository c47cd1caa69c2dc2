import FilterKit
import Glibc
import KernelPath
import Synchronization

/// An engine that cannot run on this machine, and why.
public struct EngineUnavailable: Error, CustomStringConvertible, Sendable {
  public let engine: TestEngine
  /// One sentence, with what to do.
  public let reason: String

  public var description: String {
    "\(engine) cannot run the packets of this test: \(reason). With CI=true in the environment this is an error; leave the engine out by "
      + "'engines: [.filters, .sockets]' where that is meant"
  }
}

extension TestEngine {
  /// Whether this is a machine on which nothing may be left out in silence.
  private static var isCI: Bool { getenv("CI").map { String(cString: $0) } == "true" }
  private static let told = Mutex<Set<String>>([])

  /// Loads the kernel's program for a chain. Nil where this machine does not let the process load any: that is said on standard error,
  /// once, and is an error in CI.
  static func kernelRun(_ chain: TrialChain) throws -> (run: KernelRun?, obstacle: String?) {
    do {
      return (try KernelRun(chain), nil)
    } catch let error as KernelPathError {
      switch error {
      case .notPermitted, .system:
        try leaveOut(.kernel, because: "\(error)")
        return (nil, "\(error)")
      default: throw error
      }
    }
  }

  /// Says that an engine does not run.
  static func leaveOut(_ engine: TestEngine, because reason: String) throws(EngineUnavailable) {
    guard !isCI else { throw EngineUnavailable(engine: engine, reason: reason) }
    guard told.withLock({ $0.insert(reason).inserted }) else { return }
    FilterContext.standardError("note: packets of the tests do not go through \(engine): \(reason)")
  }
}
