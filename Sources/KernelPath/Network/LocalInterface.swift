import CSys
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

  /// What is at the other end of an interface.
  enum Kind {
    case hardware
    /// A device that a hypervisor shows: frames may come from a stack on its host.
    case virtio
    /// Another interface of this host, or a program: a veth, a tap, a bridge.
    case software
  }

  /// Whether the kernel cannot ask its IPv6 neighbours anything on its own account, which it does from a link-local address alone.
  var hasMuteNeighbours: Bool {
    let v6 = addresses.filter { !$0.isV4 }
    return !v6.isEmpty && !v6.contains(where: \.isLinkLocal)
  }

  /// The name of the driver; empty where it has none.
  var driver: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
      csys_driver(name, text.baseAddress!) ? String(cString: text.baseAddress!) : ""
    }
  }

  var kind: Kind {
    switch driver {
    case "virtio_net": return .virtio
    case "", "veth", "tun", "bridge", "802.1Q VLAN Support", "bonding", "dummy", "macvlan", "ipvlan", "team",
      "openvswitch":
      return .software
    default: return .hardware
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
