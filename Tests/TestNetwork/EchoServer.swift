import CTestNetwork
public import FilterKit
import Glibc
import Synchronization

/// A server that sends every datagram back to where it came from, on a thread of its own. It ends with its last owner.
public final class EchoServer: Sendable {
  private let socket: UDPSocket
  private let prefix: [UInt8]
  private let stop: Descriptor
  private let ledger: Ledger
  private let thread: Thread

  private final class Ledger: Sendable {
    let count = Atomic<Int>(0)
    let sources = Mutex<Set<SocketAddress>>([])
  }

  /// Where it listens.
  public var address: SocketAddress { socket.address }
  /// How many datagrams it has received. Each is counted before its echo leaves.
  public var received: Int { ledger.count.load(ordering: .acquiring) }
  /// Where they came from.
  public var sources: Set<SocketAddress> { ledger.sources.withLock { $0 } }

  /// - Parameter prefix: What it puts before the echoed bytes: its name, so that a test sees who answered.
  public init(bind address: SocketAddress, in namespace: NetworkNamespace? = nil, prefix: String = "") throws {
    let socket = try UDPSocket(bind: address, in: namespace)
    let stop = Descriptor(try checked(event_open(), "open an event"))
    let prefix = Array(prefix.utf8)
    let ledger = Ledger()
    self.socket = socket
    self.stop = stop
    self.prefix = prefix
    self.ledger = ledger
    thread = try Thread { Self.serve(socket, prefix: prefix, ledger: ledger, until: stop) }
  }

  /// A server at an address that is spelt out, such as `192.0.2.1:7777` or `[2001:db8::1]:0`.
  public convenience init(bind text: String, in namespace: NetworkNamespace? = nil, prefix: String = "") throws {
    try self.init(bind: SocketAddress(literal: text), in: namespace, prefix: prefix)
  }

  deinit {
    var one: UInt64 = 1
    write(stop.number, &one, MemoryLayout<UInt64>.size)
    thread.join()
  }

  private static func serve(_ socket: UDPSocket, prefix: [UInt8], ledger: Ledger, until stop: Descriptor) {
    var requests = [
      pollfd(fd: socket.descriptor.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: stop.number, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      if poll(&requests, nfds_t(requests.count), -1) < 0 && errno != EINTR { return }
      if requests[1].revents != 0 { return }
      // What cannot be sent back is lost, as it would be on the way: the client notices.
      while let datagram = try? socket.receiveNow() {
        ledger.sources.withLock { _ = $0.insert(datagram.source) }
        ledger.count.add(1, ordering: .releasing)
        try? socket.send(prefix + datagram.bytes, to: datagram.source)
      }
    }
  }
}
