import CSys
import DataPath
import Glibc

/// Tells when interfaces, addresses or routes of this host have changed, on a thread of its own, until its owner goes away.
///
/// A burst of changes is one: the kernel says many things of a link that goes down.
public final class NetworkEvents: Sendable {
  private final class Body: Sendable {
    private let events: Int32
    private let changed: @Sendable () -> Void

    /// Changes are told when it has been quiet for so long, in milliseconds…
    private static let quiet: Int32 = 20
    /// …or at the latest after this, where it never is.
    private static let longest: Duration = .milliseconds(200)

    init(_ changed: @escaping @Sendable () -> Void) throws(KernelPathError) {
      self.changed = changed
      events = csys_route_events()
      guard events >= 0 else { throw .system(call: "opening of a socket for the network's changes", errno: errno) }
    }

    deinit { close(events) }

    func run(until end: Int32) {
      while wait(-1, end) != .end {
        let latest = ContinuousClock.now + Self.longest
        var next = Next.event
        while next == .event, ContinuousClock.now < latest { next = wait(Self.quiet, end) }
        if next == .end { return }
        changed()
      }
    }

    private enum Next { case event, nothing, end }

    private func wait(_ milliseconds: Int32, _ end: Int32) -> Next {
      var requests = [events, end].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      poll(&requests, nfds_t(requests.count), milliseconds)
      if requests[1].revents != 0 { return .end }
      return csys_skip_events(events) ? .event : .nothing
    }
  }

  private let thread: CompanionThread

  /// - Parameter changed: Called on the thread, once for each burst. The changes are those of the caller's network namespace.
  public init(_ changed: @escaping @Sendable () -> Void) throws(KernelPathError) {
    let body = try Body(changed)
    do throws(CompanionThread.Failure) {
      thread = try CompanionThread("network") { body.run(until: $0) }
    } catch { throw .system(call: error.call, errno: error.errno) }
  }
}
