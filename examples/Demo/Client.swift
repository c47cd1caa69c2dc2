import FilterKit
import TestNetwork

/// A player: a name and a socket.
struct Client {
  let name: String
  let socket: UDPSocket

  init(_ name: String, at address: String, in namespace: NetworkNamespace? = nil) throws {
    self.name = name
    socket = try UDPSocket(bind: address, in: namespace)
  }

  /// Sends a payload with what the configurations of the examples expect behind it.
  func send(_ payload: String, token: String, version: UInt8 = 1, to proxy: SocketAddress) throws {
    try socket.send(Array(payload.utf8) + Array(token.utf8) + [version], to: proxy)
  }
}
