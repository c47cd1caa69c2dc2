import Glibc
public import PacketKit

extension SocketAddress {
  /// An address that a test spells out, such as `192.0.2.1:7777` or `[2001:db8::1]:7777`. Names are not looked up.
  ///
  /// Stops the test where the text is none: it is a mistake in the test itself.
  public init(literal text: String) {
    guard let address = Self.parsed(text) else { preconditionFailure("not an address and port: \(text)") }
    self = address
  }

  private static func parsed(_ text: String) -> SocketAddress? {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("[") && host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      var address = in6_addr()
      guard inet_pton(AF_INET6, String(host), &address) == 1 else { return nil }
      return SocketAddress(IPAddress(address), port: port)
    }
    var address = in_addr()
    guard inet_pton(AF_INET, String(host), &address) == 1 else { return nil }
    return SocketAddress(IPAddress(v4: UInt32(bigEndian: address.s_addr)), port: port)
  }

  /// The address as text, in the form that `init(literal:)` reads and a configuration file takes.
  public var text: String { ip.isV4 ? "\(ip.text):\(port)" : "[\(ip.text)]:\(port)" }
}

extension IPAddress {
  /// The address as text, without brackets.
  public var text: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
      if isV4 {
        var address = in_addr(s_addr: v4.bigEndian)
        inet_ntop(AF_INET, &address, buffer.baseAddress, socklen_t(buffer.count))
      } else {
        var address = in6_addr(self)
        inet_ntop(AF_INET6, &address, buffer.baseAddress, socklen_t(buffer.count))
      }
      return String(cString: buffer.baseAddress!)
    }
  }

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
