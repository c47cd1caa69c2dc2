import CTestNetwork
import Glibc

/// Answers what a socket receives, on a thread of its own. It ends with its owner.
final class DatagramResponder: Sendable {
  private let stop: Descriptor
  private let thread: Thread

  /// - Parameter answer: What goes back to where a datagram came from; nil for nothing. It must not own the responder.
  init(_ socket: UDPSocket, _ answer: @escaping @Sendable (Datagram) -> [UInt8]?) throws {
    let stop = Descriptor(try checked(event_open(), "open an event"))
    self.stop = stop
    thread = try Thread {
      var requests = [socket.descriptor, stop].map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
      while true {
        if poll(&requests, nfds_t(requests.count), -1) < 0 && errno != EINTR { return }
        if requests[1].revents != 0 { return }
        while let datagram = try? socket.receiveNow() {
          // What cannot be sent back is lost, as it would be on the way: the client notices.
          if let bytes = answer(datagram) { try? socket.send(bytes, to: datagram.source) }
        }
      }
    }
  }

  deinit {
    var one: UInt64 = 1
    write(stop.number, &one, MemoryLayout<UInt64>.size)
    thread.join()
  }
}
