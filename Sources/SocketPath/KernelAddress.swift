import CSys
import FilterKit
import Glibc

/// Reads and writes addresses in the kernel's layout, in place.
enum KernelAddress {
  /// Room for an address of either family.
  static let size = MemoryLayout<sockaddr_in6>.size

  /// The address at `memory`, or nil where it is of neither family.
  @inline(__always) static func read(_ memory: UnsafeRawPointer) -> SocketAddress? {
    switch Int32(memory.load(as: sa_family_t.self)) {
    case AF_INET:
      let address = memory.load(as: sockaddr_in.self)
      return SocketAddress(
        IPAddress(v4: UInt32(bigEndian: address.sin_addr.s_addr)), port: UInt16(bigEndian: address.sin_port))
    case AF_INET6:
      let address = memory.load(as: sockaddr_in6.self)
      return SocketAddress(
        ipv6(memory + MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!), port: UInt16(bigEndian: address.sin6_port),
        scope: address.sin6_scope_id)
    default: return nil
    }
  }

  /// Writes the address and gives its size.
  @inline(__always) static func write(_ address: SocketAddress, to memory: UnsafeMutableRawPointer) -> socklen_t {
    if address.ip.isV4 {
      var kernel = sockaddr_in()
      kernel.sin_family = sa_family_t(AF_INET)
      kernel.sin_port = address.port.bigEndian
      kernel.sin_addr.s_addr = address.ip.v4.bigEndian
      memory.storeBytes(of: kernel, as: sockaddr_in.self)
      return socklen_t(MemoryLayout<sockaddr_in>.size)
    }
    var kernel = sockaddr_in6()
    kernel.sin6_family = sa_family_t(AF_INET6)
    kernel.sin6_port = address.port.bigEndian
    kernel.sin6_scope_id = address.scope
    memory.storeBytes(of: kernel, as: sockaddr_in6.self)
    write(address.ip, to: memory + MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!)
    return socklen_t(MemoryLayout<sockaddr_in6>.size)
  }

  /// The 16 bytes of an IPv6 address, or of the v4-mapped form of an IPv4 address.
  @inline(__always) static func ipv6(_ bytes: UnsafeRawPointer) -> IPAddress {
    IPAddress(
      high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
      low: UInt64(bigEndian: (bytes + 8).loadUnaligned(as: UInt64.self)))
  }

  @inline(__always) static func write(_ ip: IPAddress, to bytes: UnsafeMutableRawPointer) {
    bytes.storeBytes(of: ip.high.bigEndian, as: UInt64.self)
    (bytes + 8).storeBytes(of: ip.low.bigEndian, as: UInt64.self)
  }
}
