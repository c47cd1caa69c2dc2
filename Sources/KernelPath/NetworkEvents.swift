import CSys
import Glibc

/// Tells when interfaces, addresses or routes of this host have changed, on a thread of its own, until its owner goes away.
///
/// A burst of changes is one: the kernel says many things of a link that goes down.
public final class NetworkEvents: Sendable {
  private final class Body: Sendable {
    let events: Int32
    let end: Int32
    private let changed: @Sendable () -> Void

    /// Changes are told when it has been quiet for so long, in milliseconds…
    private static let quiet: Int32 = 20
    /// …or at the latest after this, where it never is.
    private static let longest: Duration = .milliseconds(200)

    init(_ changed: @escaping @Sendable () -> Void) throws(KernelPathError) {
      self.changed = changed
      events = csys_route_events()
      let error = errno
      end = eventfd(0, Int32(EFD_CLOEXEC))
      guard events >= 0 else { throw .system(call: "opening of a socket for the network's changes", errno: error) }
      guard end >= 0 else { throw .system(call: "eventfd", errno: errno) }
    }

    deinit {
      if events >= 0 { close(events) }
      if end >= 0 { close(end) }
    }

    func run() {
      while wait(-1) != .end {
        let latest = ContinuousClock.now + Self.longest
        var next = Next.event
        while next == .event, ContinuousClock.now < latest { next = wait(Self.quiet) }
        if next == .end { return }
        changed()
      }
    }

    private enum Next { case event, nothing, end }

    private func wait(_ milliseconds: Int32) -> Next {
      var requests = [events, end].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      poll(&requests, nfds_t(requests.count), milliseconds)
      if requests[1].revents != 0 { return .end }
      return csys_skip_events(events) ? .event : .nothing
    }
  }

  private let body: Body
  private let thread: pthread_t

  /// - Parameter changed: Called on the thread, once for each burst. The changes are those of the caller's network namespace.
  public init(_ changed: @escaping @Sendable () -> Void) throws(KernelPathError) {
    body = try Body(changed)
    let argument = Unmanaged.passRetained(body)
    var thread = pthread_t()
    let code = csys_thread_start(
      &thread, "network",
      { argument in
        Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
        return nil
      }, argument.toOpaque())
    guard code == 0 else {
      argument.release()
      throw .system(call: "pthread_create", errno: code)
    }
    self.thread = thread
  }

  deinit {
    eventfd_write(body.end, 1)
    pthread_join(thread, nil)
  }
}
