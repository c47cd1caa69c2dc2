import DataPath
import Glibc

/// A job that is done at intervals, on a thread of its own, until its owner goes away.
final class PeriodicJob: Sendable {
  private let thread: CompanionThread

  /// - Parameter name: the thread's, at most 15 characters.
  init(_ name: String, every interval: Duration, _ job: @escaping @Sendable () -> Void) throws(KernelPathError) {
    let milliseconds = Int32(clamping: Int(interval / .milliseconds(1)))
    do throws(CompanionThread.Failure) {
      thread = try CompanionThread(name) { end in
        while true {
          var request = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
          let ready = poll(&request, 1, milliseconds)
          if ready > 0 { return }
          if ready == 0 { job() }
        }
      }
    } catch { throw .system(call: error.call, errno: error.errno) }
  }
}
