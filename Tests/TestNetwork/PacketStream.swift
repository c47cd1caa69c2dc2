import CTestNetwork
import Glibc
import Synchronization

/// Sends a numbered datagram every millisecond or so on a thread of its own, until it is stopped: traffic that other things happen
/// in the middle of.
public final class PacketStream: Sendable {
  private let hasEnded = Mutex(false)
  private let ledger = Ledger()
  private let end: Descriptor
  private let thread: Thread

  private final class Ledger: Sendable {
    let sent = Atomic<Int>(0)
    let failure = Mutex<(any Error)?>(nil)
  }

  /// How many datagrams have been sent. Each is counted before it leaves.
  public var sent: Int { ledger.sent.load(ordering: .acquiring) }

  /// - Parameter send: Sends the datagram of a number, from 0. The stream ends where it throws.
  public init(_ send: @escaping @Sendable (Int) throws -> Void) throws {
    let end = Descriptor(try checked(event_open(), "open an event"))
    self.end = end
    thread = try Thread { [ledger] in
      var request = pollfd(fd: end.number, events: Int16(POLLIN), revents: 0)
      var number = 0
      while true {
        let ready = poll(&request, 1, 1)
        if ready > 0 { return }
        if ready < 0 && errno == EINTR { continue }
        ledger.sent.add(1, ordering: .releasing)
        do { try send(number) } catch { return ledger.failure.withLock { $0 = error } }
        number += 1
      }
    }
  }

  deinit { finish() }

  /// Ends the stream.
  /// - Returns: How many datagrams it has sent.
  /// - Throws: What `send` threw.
  @discardableResult
  public func stop() throws -> Int {
    finish()
    if let failure = ledger.failure.withLock({ $0 }) { throw failure }
    return sent
  }

  private func finish() {
    hasEnded.withLock { hasEnded in
      if hasEnded { return }
      hasEnded = true
      var one: UInt64 = 1
      write(end.number, &one, MemoryLayout<UInt64>.size)
      thread.join()
    }
  }
}
