import Glibc

/// Keeps processes from being started at the wrong moment.
///
/// From its fork to its exec a child has a copy of every descriptor. A socket that is closed meanwhile still has its address, so
/// who closes one and binds another to the same address would find it taken.
final class ForkGate: @unchecked Sendable {
  static let shared = ForkGate()

  // Outside of the object, where its address is stable. Starting is the exclusive side.
  private let lock = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)

  private init() { pthread_rwlock_init(lock, nil) }

  deinit {
    pthread_rwlock_destroy(lock)
    lock.deallocate()
  }

  /// Runs what opens and closes sockets, while no child has copies of them.
  func whileClosed<Result>(_ body: () throws -> Result) rethrows -> Result {
    pthread_rwlock_rdlock(lock)
    defer { pthread_rwlock_unlock(lock) }
    return try body()
  }

  /// Runs what makes a child and returns when it has no copies any more.
  func whileOpen<Result>(_ body: () -> Result) -> Result {
    pthread_rwlock_wrlock(lock)
    defer { pthread_rwlock_unlock(lock) }
    return body()
  }
}
