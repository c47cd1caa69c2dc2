import FilterKit
import Glibc
public import ProxyConfiguration

/// Asks the system for the addresses of a name. It waits for the answer, so it is not for the packets' threads.
enum EndpointLookup {
  /// Why a name has no address.
  struct Failure: Error {
    let reason: String
  }

  /// The addresses of a name, with port 0, in the order in which the system prefers them (RFC 6724). There is at least one.
  static func find(_ name: String) -> Result<[SocketAddress], Failure> {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(name, nil, &hints, &list)
    guard code == 0 else {
      let reason = code == EAI_SYSTEM ? strerror(errno) : UnsafeMutablePointer(mutating: gai_strerror(code))
      return .failure(Failure(reason: reason.map { String(cString: $0) } ?? "error \(code)"))
    }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var next = list
    while let info = next?.pointee {
      if let address = address(info) { addresses.append(address) }
      next = info.ai_next
    }
    return addresses.isEmpty
      ? .failure(Failure(reason: "it has no address of a single server")) : .success(addresses)
  }

  private static func address(_ info: addrinfo) -> SocketAddress? {
    guard let name = UnsafeRawPointer(info.ai_addr) else { return nil }
    let address: SocketAddress
    switch info.ai_family {
    case AF_INET:
      let v4 = name.loadUnaligned(as: sockaddr_in.self)
      address = SocketAddress(IPAddress(v4: UInt32(bigEndian: v4.sin_addr.s_addr)), port: 0)
    case AF_INET6:
      let v6 = name.loadUnaligned(as: sockaddr_in6.self)
      let (high, low) = withUnsafeBytes(of: v6.sin6_addr) {
        ($0.load(as: UInt64.self), $0.load(fromByteOffset: 8, as: UInt64.self))
      }
      address = SocketAddress(
        IPAddress(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low)), port: 0, scope: v6.sin6_scope_id)
    default: return nil
    }
    let ip = address.ip
    return ip.isUnspecified || ip.isMulticast || ip.isBroadcast ? nil : address
  }
}

/// Names of endpoints that lead nowhere. All of them are listed.
public struct EndpointLookupError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One name and what the system said of it.
  public struct Failure: Hashable, Sendable {
    public let endpoint: EndpointAddress
    public let reason: String
  }

  public let failures: [Failure]

  public var lines: [String] {
    failures.map { "endpoint \($0.endpoint): its name cannot be looked up: \($0.reason)" }
  }

  public var description: String { lines.joined(separator: "\n") }
}
