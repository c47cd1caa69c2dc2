public import FilterKit

extension SocketAddress {
  /// An address that a test spells out: `192.0.2.1:7777`, `[2001:db8::1]:7777`, or with port 0, for the kernel to choose one.
  ///
  /// Stops the test where the text is no address: it is a mistake in the test itself.
  public init(literal text: String) {
    // Port 0 is no address to send to, so the parser refuses it.
    let isOpen = text.hasSuffix(":0")
    do {
      let address = try SocketAddress(isOpen ? text.dropLast() + "1" : text)
      self.init(address.ip, port: isOpen ? 0 : address.port, scope: address.scope)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
