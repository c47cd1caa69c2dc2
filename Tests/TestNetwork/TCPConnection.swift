public import FilterKit
import Glibc

/// A connection to a TCP server. It is closed when its last owner goes away.
public final class TCPConnection: Sendable {
  private let descriptor: Descriptor
  private let server: SocketAddress

  public init(to server: SocketAddress, in namespace: NetworkNamespace? = nil) throws {
    let family = server.ip.isV4 ? AF_INET : AF_INET6
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let open = { Descriptor(try checked(socket(family, type, 0), "open a TCP socket")) }
    let descriptor = try namespace?.run(open) ?? open()
    let connected = server.withKernelForm(family: family) { connect(descriptor.number, $0, $1) }
    _ = try checked(connected, "connect to \(server)")
    self.descriptor = descriptor
    self.server = server
  }

  /// Sends bytes. They are few: it may wait for the server to take them.
  public func send(_ text: String) throws {
    let size = Glibc.send(descriptor.number, text, text.utf8.count, Int32(MSG_NOSIGNAL))
    _ = try checked(size, "send to \(server)")
  }

  /// All that the server sends until it closes the connection. Nil where it had not closed it in time.
  public func receiveAll(within time: Duration = .patience) throws -> [UInt8]? {
    let deadline = Deadline(after: time)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while try deadline.awaits(POLLIN, on: descriptor.number) {
      let size = recv(descriptor.number, &buffer, buffer.count, 0)
      // A server that closes without reading all resets the connection.
      if size == 0 || (size < 0 && errno == ECONNRESET) { return bytes }
      bytes += buffer[..<(try checked(size, "receive from \(server)"))]
    }
    return nil
  }
}
