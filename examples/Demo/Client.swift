import FilterKit
import TestNetwork

/// A player: a name and a socket.
struct Client {
  let name: String
  let socket: UDPSocket

  init(_ name: String) throws {
    self.name = name
    socket = try UDPSocket(bind: "127.0.0.1:0")
  }
}
