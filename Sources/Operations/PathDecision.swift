import DataPath
import FilterKit
import KernelPath

/// Which path carries established sessions, and why.
struct PathDecision: Equatable, CustomStringConvertible, Sendable {
  /// The interfaces that the kernel's program is on.
  let attached: [String]
  /// Why the kernel path is not in use, where it was asked for.
  let failure: KernelPathError?
  /// Why the program that runs is slower than it could be.
  let specialisationRefusal: KernelPathError?

  /// Brings a snapshot into the kernel, where there is a kernel path.
  init(_ kernel: KernelPath?, _ snapshot: Snapshot, listening: [SocketAddress]) {
    do throws(KernelPathError) {
      try kernel?.apply(snapshot, listening: listening)
      failure = nil
    } catch {
      failure = error
    }
    attached = kernel?.attached ?? []
    specialisationRefusal = kernel?.specialisationRefusal
  }

  var description: String {
    if let failure { return "path: sockets, because \(failure)" }
    if attached.isEmpty { return "path: sockets, because 'proxy run' uses no other" }
    let generic = specialisationRefusal.map { "; the generic program runs, because of the specialised one \($0)" } ?? ""
    return "path: kernel on \(attached.joined(separator: ", ")); the sockets make sessions and serve the rest\(generic)"
  }
}
