import DataPath
import FilterKit
import KernelPath

/// Which path carries established sessions, and why.
struct PathDecision: Equatable, CustomStringConvertible, Sendable {
  /// The interfaces that the kernel's program is on.
  let attached: [String]
  /// Why the kernel path is not in use, where it was asked for.
  let failure: KernelPathError?
  /// What is likely not as it was meant.
  let warnings: [String]
  private let isAsked: Bool

  /// Brings a snapshot into the kernel, where there is a kernel path.
  init(_ kernel: KernelPath?, _ snapshot: Snapshot, listening: [SocketAddress]) {
    do throws(KernelPathError) {
      try kernel?.apply(snapshot, listening: listening)
      failure = nil
    } catch {
      failure = error
    }
    isAsked = kernel != nil
    warnings = kernel?.warnings ?? []
    attached = kernel?.attached ?? []
  }

  private init(attached: [String], _ before: PathDecision) {
    self.attached = attached
    failure = before.failure
    isAsked = before.isAsked
    warnings = before.warnings
  }

  /// The same by now: interfaces can go away.
  func refreshed(_ kernel: KernelPath?) -> PathDecision { PathDecision(attached: kernel?.attached ?? [], self) }

  /// Whether sessions are not carried as `options` require it.
  func violates(_ options: KernelOptions?) -> Bool { options?.requiresOffload == true && attached.isEmpty }

  var description: String {
    if let failure { return "path: sockets, because \(failure)" }
    if !isAsked { return "path: sockets, because 'proxy run' uses no other" }
    if attached.isEmpty { return "path: sockets, because the interfaces of the kernel's program are gone" }
    return "path: kernel on \(attached.joined(separator: ", ")); the sockets make sessions and serve the rest"
  }
}
