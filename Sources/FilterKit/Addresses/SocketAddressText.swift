import Glibc
public import PacketKit

extension SocketAddress: CustomStringConvertible {
  /// Reads `192.0.2.1:7777`, `[2001:db8::1]:7777` or, for a link-local address, `[fe80::1%eth0]:7777`.
  public init(_ text: String) throws(AddressError) {
    let (host, portText) = try Self.split(text)
    let port = try Self.port(portText, of: text)
    guard host.utf8.first == UInt8(ascii: "[") else {
      do { self.init(try IPAddress(String(host)), port: port) } catch { throw AddressError(text, error.reason) }
      return
    }
    let parts = host.dropFirst().dropLast().split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    let address: IPAddress
    do { address = try IPAddress(String(parts[0])) } catch { throw AddressError(text, error.reason) }
    guard parts.count == 2 else {
      self.init(address, port: port)
      return
    }
    guard address.isLinkLocal else {
      throw AddressError(text, "names an interface, which only a link-local address has")
    }
    self.init(address, port: port, scope: try Self.scope(String(parts[1]), of: text))
  }

  /// The form that `init(_:)` reads. The interface of a link-local address is named where it exists.
  public var description: String {
    if ip.isV4 { return "\(ip):\(port)" }
    return scope == 0 ? "[\(ip)]:\(port)" : "[\(ip)%\(Self.interfaceName(scope) ?? "\(scope)")]:\(port)"
  }

  /// Parts `host:port` and `[v6]:port`. The host keeps its brackets.
  public static func split(_ text: String) throws(AddressError) -> (host: Substring, port: Substring) {
    guard let end = text.utf8.lastIndex(of: UInt8(ascii: ":")) else {
      throw AddressError(text, "has no port: write 'host:port'")
    }
    let host = text[..<end]
    let port = text[text.utf8.index(after: end)...]
    if host.utf8.first == UInt8(ascii: "[") {
      if host.utf8.last == UInt8(ascii: "]") {
        if host.utf8.contains(UInt8(ascii: ":")) { return (host, port) }
        throw AddressError(text, "has brackets, which only an IPv6 address has")
      }
      guard text.utf8.last == UInt8(ascii: "]") else { throw AddressError(text, "has no ']' before its port") }
      throw AddressError(text, "has no port: write \(excerpt("\(text):port"))")
    }
    guard host.utf8.contains(UInt8(ascii: ":")) else { return (host, port) }
    // Both readings are valid for '::1:7777'; where only one is, say that one.
    if (try? IPAddress(String(host))) != nil {
      throw AddressError(text, "is ambiguous: write \(excerpt("[\(host)]:\(port)"))")
    }
    if (try? IPAddress(text)) != nil { throw AddressError(text, "has no port: write '[\(text)]:port'") }
    throw AddressError(text, "has more than one ':': write an IPv6 address as '[address]:port'")
  }

  /// Reads a port from 1 to 65535.
  public static func port(_ digits: Substring, of text: String) throws(AddressError) -> UInt16 {
    let isDecimal = !digits.isEmpty && digits.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    guard isDecimal, digits.utf8.first != UInt8(ascii: "0"), let port = UInt16(digits) else {
      throw AddressError(text, "must end with a port from 1 to 65535, found \(excerpt(String(digits)))")
    }
    return port
  }

  /// The index of an interface that is given by its name or its index.
  public static func scope(_ interface: String, of text: String) throws(AddressError) -> UInt32 {
    let index = interface.utf8.contains(0) ? 0 : if_nametoindex(interface)
    if index != 0 { return index }
    if let index = UInt32(interface), index != 0 { return index }
    throw AddressError(text, "names the interface \(excerpt(interface)), which does not exist here")
  }

  private static func interfaceName(_ index: UInt32) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(IF_NAMESIZE)) { name in
      if_indextoname(index, name.baseAddress).map { String(cString: $0) }
    }
  }
}
