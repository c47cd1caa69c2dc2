import CSys
import DataPath
import Glibc
import Synchronization

/// What other threads tell a worker. The worker looks between two batches; an eventfd wakes it.
final class Mailbox: Sendable {
  struct Letters: Sendable {
    var snapshot: Snapshot?
    /// Told when the snapshot is adopted.
    var adoption: Adoption?
    var drain = false
    var stop = false
  }

  private let letters = Mutex(Letters())
  private let event: Int32

  init() throws(SocketPathError) {
    event = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    guard event >= 0 else { throw .system(call: "eventfd", errno: errno) }
  }

  deinit { close(event) }

  /// Readable while there is something to look at.
  var descriptor: Int32 { event }

  func post(_ write: (inout Letters) -> Void) {
    letters.withLock { write(&$0) }
    eventfd_write(event, 1)
  }

  /// What was posted since the last call. A snapshot is given once.
  func collect() -> Letters {
    var count: eventfd_t = 0
    eventfd_read(event, &count)
    return letters.withLock { letters in
      defer { (letters.snapshot, letters.adoption) = (nil, nil) }
      return letters
    }
  }
}
