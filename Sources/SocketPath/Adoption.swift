import CSys
import Glibc
import Synchronization

/// Counts the workers that have taken up what they were given, and wakes the one who waits for all of them.
final class Adoption: Sendable {
  private let missing: Atomic<Int>
  private let event: Int32

  init(by workers: Int) throws(SocketPathError) {
    missing = Atomic(workers)
    event = eventfd(0, Int32(EFD_CLOEXEC))
    guard event >= 0 else { throw .system(call: "eventfd", errno: errno) }
  }

  deinit { close(event) }

  /// One more worker has it.
  func confirm() {
    if missing.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { eventfd_write(event, 1) }
  }

  /// Waits until all have it. False where the time is over before.
  func wait(milliseconds: Int32) -> Bool {
    var request = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, milliseconds) > 0
  }
}
