public import FilterKit
import Glibc
public import ProxyConfiguration

/// Finds the addresses of endpoints that are given by name. It waits for the answers, so it is not for the packets' threads.
public enum EndpointLookup {
  /// The address of each endpoint, in their order. Of a name with several addresses it is the one that the system prefers
  /// (RFC 6724).
  public static func addresses(of endpoints: [Endpoint]) throws(EndpointLookupError) -> [SocketAddress] {
    var known: [String: Result<SocketAddress, Failure>] = [:]
    var failures: [EndpointLookupError.Failure] = []
    var addresses: [SocketAddress] = []
    for endpoint in endpoints {
      guard case .name(let name) = endpoint.address.host else {
        if let address = endpoint.address.socketAddress { addresses.append(address) }
        continue
      }
      let result = known[name] ?? find(name)
      known[name] = result
      switch result {
      case .success(let found):
        addresses.append(SocketAddress(found.ip, port: endpoint.address.port, scope: found.scope))
      case .failure(let failure): failures.append(.init(endpoint: endpoint.address, reason: failure.reason))
      }
    }
    guard failures.isEmpty else { throw EndpointLookupError(failures: failures) }
    return addresses
  }

  private struct Failure: Error {
    let reason: String
  }

  private static func find(_ name: String) -> Result<SocketAddress, Failure> {
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
    var next = list
    while let info = next?.pointee {
      if let address = address(info) { return .success(address) }
      next = info.ai_next
    }
    return .failure(Failure(reason: "it has no address of a single server"))
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
