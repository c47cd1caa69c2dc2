import CSys
import Glibc

/// Waits for many sockets at once (epoll, level triggered).
struct Poller: ~Copyable {
  private let descriptor: Descriptor
  private let events: UnsafeMutablePointer<epoll_event>
  private static let capacity = 256

  init() throws(SocketPathError) {
    descriptor = try Descriptor(epoll_create1(Int32(EPOLL_CLOEXEC)), "epoll_create1")
    events = .allocate(capacity: Self.capacity)
  }

  deinit { events.deallocate() }

  /// Watches a descriptor for something to read. It is forgotten when it is closed.
  func add(_ number: Int32, tag: UInt64) throws(SocketPathError) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u64 = tag
    guard epoll_ctl(descriptor.number, EPOLL_CTL_ADD, number, &event) == 0 else {
      throw .system(call: "epoll_ctl", errno: errno)
    }
  }

  /// Waits for at most `milliseconds`, or without end for -1; how many descriptors are ready.
  func wait(milliseconds: Int32) -> Int {
    max(0, Int(epoll_wait(descriptor.number, events, Int32(Self.capacity), milliseconds)))
  }

  /// The tag of a ready descriptor.
  func tag(_ index: Int) -> UInt64 { events[index].data.u64 }
}
