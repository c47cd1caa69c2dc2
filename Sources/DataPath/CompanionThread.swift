import CSys
import Glibc

/// A thread that works beside its owner until that goes away: then it is told to end, and waited for.
package final class CompanionThread: Sendable {
  /// Why there is none.
  package struct Failure: Error {
    package let call: String
    package let errno: Int32
  }

  private final class Work: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private let end: Int32
  private let thread: pthread_t

  /// - Parameters:
  ///   - name: the thread's, at most 15 characters.
  ///   - body: runs on it. It returns soon after the descriptor that it gets has become readable, and reads nothing from it.
  package init(_ name: String, _ body: @escaping @Sendable (_ end: Int32) -> Void) throws(Failure) {
    let end = eventfd(0, Int32(EFD_CLOEXEC))
    guard end >= 0 else { throw Failure(call: "eventfd", errno: errno) }
    let work = Unmanaged.passRetained(Work { body(end) })
    var thread = pthread_t()
    let code = csys_thread_start(
      &thread, name,
      { work in
        Unmanaged<Work>.fromOpaque(work!).takeRetainedValue().body()
        return nil
      }, work.toOpaque())
    guard code == 0 else {
      work.release()
      close(end)
      throw Failure(call: "pthread_create", errno: code)
    }
    self.end = end
    self.thread = thread
  }

  deinit {
    eventfd_write(end, 1)
    pthread_join(thread, nil)
    close(end)
  }
}
