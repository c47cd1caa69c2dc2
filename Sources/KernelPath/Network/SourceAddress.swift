import CSys
import FilterKit
import Glibc

/// Asks the kernel which of this host's addresses it sends from.
enum SourceAddress {
  /// The address from which packets to `server` leave; nil without a route.
  static func toward(_ server: SocketAddress) -> IPAddress? {
    let isV4 = server.ip.isV4
    let number = socket(isV4 ? AF_INET : AF_INET6, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { return nil }
    defer { close(number) }
    return isV4 ? v4(number, server) : v6(number, server)
  }

  // Connecting a UDP socket sends nothing: it is a look-up of the route.
  private static func v4(_ number: Int32, _ server: SocketAddress) -> IPAddress? {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = server.port.bigEndian
    address.sin_addr.s_addr = server.ip.v4.bigEndian
    return bound(number, &address).map { IPAddress(v4: UInt32(bigEndian: $0.sin_addr.s_addr)) }
  }

  private static func v6(_ number: Int32, _ server: SocketAddress) -> IPAddress? {
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = server.port.bigEndian
    address.sin6_scope_id = server.scope
    withUnsafeMutableBytes(of: &address.sin6_addr) { bytes in
      bytes.storeBytes(of: server.ip.high.bigEndian, as: UInt64.self)
      bytes.storeBytes(of: server.ip.low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
    return bound(number, &address).map { address in
      withUnsafeBytes(of: address.sin6_addr) { bytes in
        IPAddress(
          high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
          low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
      }
    }
  }

  private static func bound<Address>(_ number: Int32, _ address: inout Address) -> Address? {
    var size = socklen_t(MemoryLayout<Address>.size)
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { kernel in
        connect(number, kernel, size) == 0 && getsockname(number, kernel, &size) == 0
      } ? pointer.pointee : nil
    }
  }
}
