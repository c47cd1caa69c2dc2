import CSys
import FilterKit
import Glibc

/// A bound UDP socket that never blocks.
struct UDPSocket: ~Copyable {
  let descriptor: Descriptor
  /// The address it is bound to, with the port that the kernel chose.
  let address: SocketAddress

  var number: Int32 { descriptor.number }

  /// What a socket is for decides its options.
  enum Role {
    /// Takes clients' packets at an address that no other socket has. Shut until it is opened.
    case firstListener
    /// Takes its share of clients' packets, together with the first one. Shut until it is opened.
    case listener
    /// Talks to servers.
    case upstream

    var isListener: Bool { self == .firstListener || self == .listener }

    /// A packet takes about 1 KiB of this in the kernel, so a listener holds a burst of about 16,000.
    var bufferSize: Int32 { isListener ? 16 << 20 : 1 << 20 }
  }

  init(_ role: Role, on address: SocketAddress) throws(SocketPathError) {
    let isV4 = address.ip.isV4
    let descriptor = try Descriptor(
      socket(
        isV4 ? AF_INET : AF_INET6,
        Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0),
      "socket")
    let number = descriptor.number
    if !isV4 { try Self.set(number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
    if role == .listener { try Self.set(number, SOL_SOCKET, SO_REUSEPORT, 1) }
    Self.setBuffer(number, SO_RCVBUFFORCE, SO_RCVBUF, role.bufferSize)
    Self.setBuffer(number, SO_SNDBUFFORCE, SO_SNDBUF, role.bufferSize)
    if role.isListener {
      guard csys_shut(number) == 0 else { throw .system(call: "setsockopt SO_ATTACH_FILTER", errno: errno) }
    }
    if role.isListener, address.ip.isUnspecified {
      // Replies must leave from the address that the client sent to.
      if isV4 {
        try Self.set(number, Int32(IPPROTO_IP), IP_PKTINFO, 1)
      } else {
        try Self.set(number, Int32(IPPROTO_IPV6), IPV6_RECVPKTINFO, 1)
      }
    }
    let bound = try withUnsafeTemporaryAllocation(byteCount: KernelAddress.size, alignment: 8) {
      memory throws(SocketPathError) in
      let start = memory.baseAddress!
      var size = KernelAddress.write(address, to: start)
      let kernel = start.assumingMemoryBound(to: sockaddr.self)
      guard bind(number, kernel, size) == 0 else {
        switch errno {
        case EADDRINUSE: throw .addressInUse(address)
        case EADDRNOTAVAIL: throw .addressNotHere(address)
        case EACCES: throw .portForbidden(address)
        default: throw .system(call: "bind \(address)", errno: errno)
        }
      }
      size = socklen_t(KernelAddress.size)
      guard getsockname(number, kernel, &size) == 0 else { throw .system(call: "getsockname", errno: errno) }
      return KernelAddress.read(start) ?? address
    }
    // Not before it has the address: a socket that shares binds to one that others share already, another proxy's too.
    if role == .firstListener { try Self.set(number, SOL_SOCKET, SO_REUSEPORT, 1) }
    self.descriptor = descriptor
    self.address = bound
  }

  /// The same socket once more, with a descriptor of its own.
  init(sharing number: Int32, _ address: SocketAddress) throws(SocketPathError) {
    descriptor = try Descriptor(fcntl(number, F_DUPFD_CLOEXEC, 0), "fcntl")
    self.address = address
  }

  private static func set(_ number: Int32, _ level: Int32, _ option: Int32, _ value: Int32) throws(SocketPathError) {
    var value = value
    guard setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
      throw .system(call: "setsockopt \(option)", errno: errno)
    }
  }

  /// With privilege past the system's limit, otherwise as large as the limit allows.
  private static func setBuffer(_ number: Int32, _ forced: Int32, _ plain: Int32, _ size: Int32) {
    var size = size
    let length = socklen_t(MemoryLayout<Int32>.size)
    if setsockopt(number, SOL_SOCKET, forced, &size, length) != 0 {
      setsockopt(number, SOL_SOCKET, plain, &size, length)
    }
  }
}
