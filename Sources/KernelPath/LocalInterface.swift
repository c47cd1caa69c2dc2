public import FilterKit
import Glibc

/// An interface of this host that is up, with its addresses.
public struct LocalInterface: Equatable, Sendable {
  public let name: String
  public let index: UInt32
  /// The link address; nil where the interface has none, as a tunnel.
  public internal(set) var mac: [UInt8]?
  public internal(set) var addresses: [IPAddress]
  public let isLoopback: Bool

  /// Whether the other end may be a stack on this host, or on the machine that this one is a guest of.
  var isVirtual: Bool {
    // A device of its own is hardware, or what a hypervisor shows as such.
    let device = "/sys/class/net/\(name)/device"
    guard access(device, F_OK) == 0 else { return true }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { target in
      let size = readlink("\(device)/driver", target.baseAddress!, target.count - 1)
      guard size > 0 else { return false }
      target[size] = 0
      return String(cString: target.baseAddress!).hasSuffix("/virtio_net")
    }
  }

  /// All interfaces that are up, by their index.
  public static func all() throws(KernelPathError) -> [LocalInterface] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { throw .system(call: "getifaddrs", errno: errno) }
    defer { freeifaddrs(first) }
    var found: [String: LocalInterface] = [:]
    var next = first
    while let entry = next?.pointee {
      next = entry.ifa_next
      guard entry.ifa_flags & UInt32(IFF_UP) != 0, let address = entry.ifa_addr else { continue }
      let name = String(cString: entry.ifa_name)
      var interface =
        found[name]
        ?? LocalInterface(
          name: name, index: if_nametoindex(entry.ifa_name), mac: nil, addresses: [],
          isLoopback: entry.ifa_flags & UInt32(IFF_LOOPBACK) != 0)
      interface.add(UnsafeRawPointer(address))
      found[name] = interface
    }
    return found.values.sorted { $0.index < $1.index }
  }

  private mutating func add(_ address: UnsafeRawPointer) {
    switch Int32(address.load(as: sa_family_t.self)) {
    case AF_INET:
      let v4 = address.load(as: sockaddr_in.self).sin_addr.s_addr
      addresses.append(IPAddress(v4: UInt32(bigEndian: v4)))
    case AF_INET6:
      let bytes = address + MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
      addresses.append(
        IPAddress(
          high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
          low: UInt64(bigEndian: (bytes + 8).loadUnaligned(as: UInt64.self))))
    case AF_PACKET:
      // struct sockaddr_ll, which Swift's Glibc does not show: the length of the address at 11, the address at 12.
      guard address.load(fromByteOffset: 11, as: UInt8.self) == 6 else { return }
      mac = (0..<6).map { address.load(fromByteOffset: 12 + $0, as: UInt8.self) }
    default: break
    }
  }
}
