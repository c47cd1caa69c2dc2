public import FilterKit

extension SocketAddress {
  /// An address that a test spells out: `192.0.2.1:7777`, `[2001:db8::1]:7777`, or with port 0, for the kernel to choose one.
  ///
  /// Stops the test where the text is no address: it is a mistake in the test itself.
  public init(literal text: String) {
    do {
      let (host, port) = try Self.split(text)
      let ip = try IPAddress(String(host).filter { $0 != "[" && $0 != "]" })
      self.init(ip, port: port == "0" ? 0 : try Self.port(port, of: text))
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
