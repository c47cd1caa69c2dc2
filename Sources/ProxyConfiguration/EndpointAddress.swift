public import FilterKit
public import PacketKit

/// Where an endpoint is: an address, or a name that is looked up later, and a UDP port.
public struct EndpointAddress: Hashable, Sendable {
  public enum Host: Hashable, Sendable {
    /// An IP address. The scope is the interface's index of a link-local address, otherwise 0.
    case ip(IPAddress, scope: UInt32)
    /// A DNS name in small letters, without the dot at its end.
    case name(String)
  }

  public let host: Host
  public let port: UInt16

  public init(_ host: Host, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// The address where no look-up is needed.
  public var socketAddress: SocketAddress? {
    guard case .ip(let address, let scope) = host else { return nil }
    return SocketAddress(address, port: port, scope: scope)
  }
}

extension EndpointAddress: CustomStringConvertible {
  /// Reads `host:port`, `[v6]:port`, `name:port`, each also behind `udp://`. Addresses that are no single server are refused.
  public init(_ text: String) throws(AddressError) {
    let rest = try Self.withoutScheme(text)
    let (host, portText) = try SocketAddress.split(rest)
    if host.utf8.first == UInt8(ascii: "[") || Self.isNumeric(host) {
      let address = try SocketAddress(rest)
      try Self.check(address, of: text)
      self.init(.ip(address.ip, scope: address.scope), port: address.port)
    } else {
      let port = try SocketAddress.port(portText, of: text)
      self.init(.name(try Self.name(host, of: text)), port: port)
    }
  }

  public var description: String {
    switch host {
    case .ip(let address, let scope): SocketAddress(address, port: port, scope: scope).description
    case .name(let name): "\(name):\(port)"
    }
  }

  private static func withoutScheme(_ text: String) throws(AddressError) -> String {
    // No address has a slash, so most texts end here.
    guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return text }
    if text.utf8.starts(with: "udp://".utf8) { return String(text.dropFirst(6)) }
    let isScheme = text[slash...].utf8.starts(with: "//".utf8) && text[..<slash].utf8.last == UInt8(ascii: ":")
    throw AddressError(text, isScheme ? "has a scheme other than 'udp://'" : "has a '/', which no address has")
  }

  /// Whether the host can only be meant as an IPv4 address: no top-level domain is a number (RFC 3696, 2).
  private static func isNumeric(_ host: Substring) -> Bool {
    let last = host.utf8.reversed().prefix { $0 != UInt8(ascii: ".") }
    return !last.isEmpty && last.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
  }

  private static func check(_ address: SocketAddress, of text: String) throws(AddressError) {
    let ip = address.ip
    if ip.isUnspecified { throw AddressError(text, "is the unspecified address: name the server's own") }
    if ip.isMulticast { throw AddressError(text, "is a multicast address: an endpoint is one server") }
    if ip.isBroadcast { throw AddressError(text, "is the broadcast address: an endpoint is one server") }
    if ip.isLinkLocal, address.scope == 0 {
      throw AddressError(text, "is link-local and needs its interface: write '[\(ip)%eth0]:\(address.port)'")
    }
  }

  /// A host name (RFC 1123, 2.1), with the underscore that service names have.
  private static func name(_ host: Substring, of text: String) throws(AddressError) -> String {
    let name = host.utf8.last == UInt8(ascii: ".") ? host.dropLast() : host
    guard !name.isEmpty else { throw AddressError(text, "has no host before its port") }
    guard name.utf8.count <= 253 else { throw AddressError(text, "has a name over 253 characters") }
    for label in name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
      guard !label.isEmpty else { throw AddressError(text, "has a name with an empty part between its dots") }
      guard label.count <= 63 else { throw AddressError(text, "has a name with a part over 63 characters") }
      guard label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-") else {
        throw AddressError(text, "has a name with '-' at the start or end of a part")
      }
      guard label.allSatisfy(isNameCharacter) else {
        throw AddressError(text, "has a name with something other than letters, digits, '-', '_' and '.'")
      }
    }
    return name.lowercased()
  }

  private static func isNameCharacter(_ character: UInt8) -> Bool {
    switch character {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
  }
}
