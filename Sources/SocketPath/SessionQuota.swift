import Synchronization

/// How many sessions all workers have together, and may have.
final class SessionQuota: Sendable {
  private let active = Atomic(0)
  private let limit: Int
  /// Whether somebody waits for the last session's end.
  private let isAwaited = Atomic(false)
  private let whenNone = Mutex<(@Sendable () -> Void)?>(nil)

  init(limit: Int) { self.limit = limit }

  var count: Int { active.load(ordering: .relaxed) }

  /// Takes one session out of what is left. False where nothing is.
  func take() -> Bool {
    if active.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
    active.wrappingSubtract(1, ordering: .relaxed)
    return false
  }

  func giveBack() {
    // Either this sees that somebody waits, or he sees that no session is left.
    let rest = active.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue
    if rest == 0, isAwaited.load(ordering: .sequentiallyConsistent) { tell() }
  }

  /// Calls `body` once, when there is no session: at once, or on the thread that ends the last one.
  func whenNone(_ body: @escaping @Sendable () -> Void) {
    whenNone.withLock { $0 = body }
    isAwaited.store(true, ordering: .sequentiallyConsistent)
    if active.load(ordering: .sequentiallyConsistent) == 0 { tell() }
  }

  private func tell() { whenNone.withLock { $0.take() }?() }
}
