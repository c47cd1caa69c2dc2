public import FilterKit
import Synchronization

/// A server that sends every datagram back to where it came from, on a thread of its own. It ends with its last owner.
public final class EchoServer: Sendable {
  /// Where it listens.
  public let address: SocketAddress
  private let ledger = Ledger()
  private let responder: DatagramResponder

  private final class Ledger: Sendable {
    let count = Atomic<Int>(0)
    let sources = Mutex<Set<SocketAddress>>([])
  }

  /// How many datagrams it has received. Each is counted before its echo leaves.
  public var received: Int { ledger.count.load(ordering: .acquiring) }
  /// Where they came from.
  public var sources: Set<SocketAddress> { ledger.sources.withLock { $0 } }

  /// - Parameter prefix: What it puts before the echoed bytes: its name, so that a test sees who answered.
  public init(bind address: SocketAddress, in namespace: NetworkNamespace? = nil, prefix: String = "") throws {
    let socket = try UDPSocket(bind: address, in: namespace)
    let prefix = Array(prefix.utf8)
    self.address = socket.address
    responder = try DatagramResponder(socket) { [ledger] datagram in
      ledger.sources.withLock { _ = $0.insert(datagram.source) }
      ledger.count.add(1, ordering: .releasing)
      return prefix + datagram.bytes
    }
  }

  /// A server at an address that is spelt out, such as `192.0.2.1:7777` or `[2001:db8::1]:0`.
  public convenience init(bind text: String, in namespace: NetworkNamespace? = nil, prefix: String = "") throws {
    try self.init(bind: SocketAddress(literal: text), in: namespace, prefix: prefix)
  }
}
