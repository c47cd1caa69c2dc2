public import FilterKit
import Glibc

/// A datagram as it was received.
public struct Datagram: Equatable, Sendable {
  public var bytes: [UInt8]
  public var source: SocketAddress

  public init(bytes: [UInt8], source: SocketAddress) {
    self.bytes = bytes
    self.source = source
  }
}

/// A UDP socket for tests: waits with a deadline, never cuts a datagram, is closed when its last owner goes away.
public final class UDPSocket: Sendable {
  /// What it is bound to; with the port that the kernel chose where it was asked for port 0.
  public let address: SocketAddress
  let descriptor: Descriptor
  private let family: Int32

  /// Binds a socket.
  /// - Parameters:
  ///   - address: Port 0 lets the kernel choose. `[::]` receives from both families.
  ///   - namespace: Where it lives; the namespace of the calling thread where left out.
  ///   - bufferSize: How many bytes the kernel keeps in each direction, its own overhead included.
  public init(bind address: SocketAddress, in namespace: NetworkNamespace? = nil, bufferSize: Int32 = 4 << 20) throws {
    family = address.ip.isV4 ? AF_INET : AF_INET6
    let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let family = family
    let open = { Descriptor(try checked(socket(family, type, 0), "open a UDP socket")) }
    let descriptor = try namespace?.run(open) ?? open()

    for (forced, plain) in [(SO_RCVBUFFORCE, SO_RCVBUF), (SO_SNDBUFFORCE, SO_SNDBUF)] {
      // Beyond the limit of the system where the process may, up to it otherwise.
      var size = bufferSize
      let length = socklen_t(MemoryLayout<Int32>.size)
      if setsockopt(descriptor.number, SOL_SOCKET, forced, &size, length) < 0 {
        _ = try checked(setsockopt(descriptor.number, SOL_SOCKET, plain, &size, length), "set a buffer's size")
      }
    }
    // A socket that was just closed keeps its address while a child that another test forked has a copy, until it executes.
    var bound: Int32 = -1
    _ = eventually {
      bound = address.withKernelForm(family: family) { bind(descriptor.number, $0, $1) }
      return bound == 0 || errno != EADDRINUSE
    }
    _ = try checked(bound, "bind \(address)")
    guard let name = SocketAddress(filledBy: { getsockname(descriptor.number, $0, $1) == 0 }) else {
      throw SystemError("ask for the socket's address")
    }
    self.address = name
    self.descriptor = descriptor
  }

  /// Binds a socket to an address that is spelt out, such as `192.0.2.1:0` or `[2001:db8::1]:7777`.
  public convenience init(bind text: String, in namespace: NetworkNamespace? = nil, bufferSize: Int32 = 4 << 20) throws
  {
    try self.init(bind: SocketAddress(literal: text), in: namespace, bufferSize: bufferSize)
  }

  /// Ties the socket to one peer: it receives from that one alone, and learns when the peer refuses.
  public func connect(to peer: SocketAddress) throws {
    let result = peer.withKernelForm(family: family) { Glibc.connect(descriptor.number, $0, $1) }
    _ = try checked(result, "connect \(address) to \(peer)")
  }

  /// Sends a datagram. Waits where the kernel's buffer is full.
  public func send(_ bytes: some Collection<UInt8>, to destination: SocketAddress, within time: Duration = .patience)
    throws
  {
    try transmit(Array(bytes), within: time, "send \(bytes.count) bytes to \(destination)") { data in
      destination.withKernelForm(family: family) { sendto(descriptor.number, data.baseAddress, data.count, 0, $0, $1) }
    }
  }

  /// Sends a datagram to the connected peer. Waits where the kernel's buffer is full.
  public func send(_ bytes: some Collection<UInt8>, within time: Duration = .patience) throws {
    try transmit(Array(bytes), within: time, "send \(bytes.count) bytes") { data in
      Glibc.send(descriptor.number, data.baseAddress, data.count, 0)
    }
  }

  private func transmit(
    _ bytes: [UInt8], within time: Duration, _ operation: @autoclosure () -> String,
    by call: (UnsafeRawBufferPointer) -> Int
  ) throws {
    let deadline = Deadline(after: time)
    while true {
      let sent = bytes.withUnsafeBytes(call)
      if sent == bytes.count { return }
      let code = errno
      guard code == EAGAIN || code == EINTR, try deadline.awaits(POLLOUT, on: descriptor.number) else {
        throw SystemError(operation(), code: code)
      }
    }
  }

  /// The next datagram. Nil where none came in time.
  /// - Throws: `SystemError` with `ECONNREFUSED` where a connected peer has no such port.
  public func receive(within time: Duration = .patience) throws -> Datagram? {
    let deadline = Deadline(after: time)
    repeat {
      if let datagram = try receiveNow() { return datagram }
    } while try deadline.awaits(POLLIN, on: descriptor.number)
    return nil
  }

  /// The next datagram, where one is there already.
  public func receiveNow() throws -> Datagram? {
    // One more than the largest datagram of either family can carry: nothing is cut.
    try withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 8) { buffer in
      var size = 0
      let source = SocketAddress { address, length in
        repeat {
          size = recvfrom(descriptor.number, buffer.baseAddress, buffer.count, 0, address, length)
        } while size < 0 && errno == EINTR
        return size >= 0
      }
      guard let source else {
        if errno == EAGAIN { return nil }
        throw SystemError("receive on \(address)")
      }
      return Datagram(bytes: Array(buffer[..<size]), source: source)
    }
  }
}
