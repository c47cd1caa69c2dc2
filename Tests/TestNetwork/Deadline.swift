import Glibc

/// A moment until which something is awaited.
struct Deadline {
  private let end: ContinuousClock.Instant

  init(after duration: Duration) { end = ContinuousClock.now + duration }

  var hasPassed: Bool { ContinuousClock.now >= end }

  /// The time that is left, rounded up, as `poll` takes it.
  var milliseconds: Int32 {
    let left = (end - ContinuousClock.now).components
    if left.seconds < 0 || left.attoseconds < 0 { return 0 }
    let milliseconds = left.seconds * 1000 + (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(clamping: milliseconds)
  }

  /// Waits for events on a descriptor. False where the deadline passed without any.
  func awaits(_ events: Int32, on descriptor: Int32) throws(SystemError) -> Bool {
    while true {
      var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
      let ready = poll(&request, 1, milliseconds)
      if ready > 0 { return true }
      if ready == 0 && hasPassed { return false }
      if ready < 0 && errno != EINTR { throw SystemError("poll") }
    }
  }
}

extension Duration {
  /// How long a test waits for what must come: longer than any machine stands still. No test that passes waits so long.
  public static let patience = Duration.seconds(60)
}

/// Asks a question again and again until the answer is yes: for what cannot be awaited otherwise, such as the kernel's own work.
/// - Returns: False where the answer was still no when the time was over.
public func eventually(within time: Duration = .patience, _ condition: () throws -> Bool) rethrows -> Bool {
  let deadline = Deadline(after: time)
  while true {
    if try condition() { return true }
    if deadline.hasPassed { return false }
    poll(nil, 0, 2)
  }
}
