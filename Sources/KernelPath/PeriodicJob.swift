import CSys
import Glibc

/// A thread that does one job at intervals, until its owner goes away.
final class PeriodicJob: Sendable {
  private final class Body: Sendable {
    let end: Int32
    let milliseconds: Int32
    let job: @Sendable () -> Void

    init(_ end: Int32, _ milliseconds: Int32, _ job: @escaping @Sendable () -> Void) {
      self.end = end
      self.milliseconds = milliseconds
      self.job = job
    }

    func run() {
      while true {
        var request = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
        let ready = poll(&request, 1, milliseconds)
        if ready > 0 { return }
        if ready == 0 { job() }
      }
    }
  }

  private let end: Int32
  private let thread: pthread_t

  /// - Parameter name: the thread's, at most 15 characters.
  init(_ name: String, every interval: Duration, _ job: @escaping @Sendable () -> Void) throws(KernelPathError) {
    end = eventfd(0, Int32(EFD_CLOEXEC))
    guard end >= 0 else { throw .system(call: "eventfd", errno: errno) }
    let body = Unmanaged.passRetained(Body(end, Int32(clamping: Int(interval / .milliseconds(1))), job))
    var thread = pthread_t()
    let code = csys_thread_start(
      &thread, name,
      { argument in
        Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    guard code == 0 else {
      body.release()
      close(end)
      throw .system(call: "pthread_create", errno: code)
    }
    self.thread = thread
  }

  deinit {
    eventfd_write(end, 1)
    pthread_join(thread, nil)
    close(end)
  }
}
