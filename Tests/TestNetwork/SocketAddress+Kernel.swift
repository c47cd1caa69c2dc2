import FilterKit
import Glibc

extension SocketAddress {
  /// The address as the kernel takes it, for a socket of the family. An IPv6 socket takes an IPv4 address in its mapped form.
  func withKernelForm<Result>(family: Int32, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var storage = sockaddr_storage()
    let size: Int
    if family == AF_INET {
      size = MemoryLayout<sockaddr_in>.size
      withUnsafeMutableBytes(of: &storage) { bytes in
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = ip.v4.bigEndian
        bytes.storeBytes(of: address, as: sockaddr_in.self)
      }
    } else {
      size = MemoryLayout<sockaddr_in6>.size
      withUnsafeMutableBytes(of: &storage) { bytes in
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6_addr(ip)
        address.sin6_scope_id = scope
        bytes.storeBytes(of: address, as: sockaddr_in6.self)
      }
    }
    return withUnsafePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(size)) }
    }
  }

  /// Lets the kernel fill in an address. Nil where `body` fails.
  init?(filledBy body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Bool) {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let filled = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &size) }
    }
    guard filled else { return nil }
    self = withUnsafeBytes(of: storage) { bytes in
      if storage.ss_family == sa_family_t(AF_INET) {
        let address = bytes.load(as: sockaddr_in.self)
        return SocketAddress(
          IPAddress(v4: UInt32(bigEndian: address.sin_addr.s_addr)), port: UInt16(bigEndian: address.sin_port))
      }
      let address = bytes.load(as: sockaddr_in6.self)
      return SocketAddress(
        IPAddress(address.sin6_addr), port: UInt16(bigEndian: address.sin6_port), scope: address.sin6_scope_id)
    }
  }
}

extension IPAddress {
  init(_ address: in6_addr) {
    self = withUnsafeBytes(of: address) { bytes in
      IPAddress(
        high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
        low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
  }
}

extension in6_addr {
  init(_ address: IPAddress) {
    self.init()
    withUnsafeMutableBytes(of: &self) { bytes in
      bytes.storeBytes(of: address.high.bigEndian, as: UInt64.self)
      bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
  }
}
