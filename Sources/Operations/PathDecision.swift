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
  /// Why packets of a direction go by the sockets; nil where the kernel runs all of the chain.
  private let onRead: KernelRefusal?
  private let onWrite: KernelRefusal?
  private let dropsEarly: Bool

  /// Brings a snapshot into the kernel, where there is a kernel path.
  init(_ kernel: KernelPath?, _ snapshot: Snapshot, listening: [SocketAddress]) {
    do throws(KernelPathError) {
      try kernel?.apply(snapshot, listening: listening)
      failure = nil
    } catch {
      failure = error
    }
    isAsked = kernel != nil
    let plan = ChainPlan(snapshot.chain)
    onRead = plan.read.refusal
    onWrite = plan.write.refusal
    dropsEarly = plan.read.dropsEarly
    warnings = kernel?.warnings ?? []
    attached = kernel?.attached ?? []
  }

  private init(attached: [String], _ before: PathDecision) {
    self.attached = attached
    failure = before.failure
    isAsked = before.isAsked
    onRead = before.onRead
    onWrite = before.onWrite
    dropsEarly = before.dropsEarly
    warnings = before.warnings
  }

  /// The same by now: interfaces can go away.
  func refreshed(_ kernel: KernelPath?) -> PathDecision { PathDecision(attached: kernel?.attached ?? [], self) }

  /// Why not all packets of sessions can go by the kernel; nil where they can.
  var obstacle: KernelPathError? { failure ?? (onRead ?? onWrite).map { .chain($0) } }

  /// Whether sessions are not carried as `options` require it.
  func violates(_ options: KernelOptions?) -> Bool {
    options?.requiresOffload == true && (attached.isEmpty || obstacle != nil)
  }

  var description: String {
    if let failure { return "path: sockets, because \(failure)" }
    if !isAsked { return "path: sockets, because 'proxy run' uses no other" }
    if attached.isEmpty { return "path: sockets, because the interfaces of the kernel's program are gone" }
    let places = attached.joined(separator: ", ")
    let early = dropsEarly ? "; the kernel drops early what the filters before it drop" : ""
    return switch (onRead, onWrite) {
    case (nil, nil): "path: kernel on \(places); the sockets make sessions and serve the rest"
    case (nil, let refusal?): "path: kernel on \(places) toward servers, sockets toward clients, because \(refusal)"
    case (let refusal?, nil):
      "path: kernel on \(places) toward clients, sockets toward servers, because \(refusal)\(early)"
    case (let refusal?, _?): "path: sockets, because \(refusal)\(early) (on \(places))"
    }
  }
}
