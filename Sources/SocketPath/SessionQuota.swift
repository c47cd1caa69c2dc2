import Synchronization

/// How many sessions all workers have together, and may have.
final class SessionQuota: Sendable {
  private let active = Atomic(0)
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  var count: Int { active.load(ordering: .relaxed) }

  /// Takes one session out of what is left. False where nothing is.
  func take() -> Bool {
    if active.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
    active.wrappingSubtract(1, ordering: .relaxed)
    return false
  }

  func giveBack() { active.wrappingSubtract(1, ordering: .relaxed) }
}
