import CSys
import FilterKit

/// A socket that takes clients' packets, once it is opened.
struct Listener: ~Copyable {
  private let socket: UDPSocket
  let number: Int32
  let address: SocketAddress
  /// The address that packets come to, where the socket has a single one.
  let fixed: LocalAddress?
  /// The socket's count of packets it had no room for, as of the last look.
  private var seenDrops: UInt32 = 0

  init(_ socket: consuming UDPSocket) {
    address = socket.address
    fixed = address.ip.isUnspecified ? nil : LocalAddress(ip: address.ip, interface: address.scope)
    number = socket.number
    self.socket = socket
  }

  /// Takes packets from now on.
  mutating func open() {
    csys_open(number)
    _ = newDrops()
  }

  /// Packets that the socket had no room for since the last call.
  mutating func newDrops() -> UInt64 {
    let drops = csys_socket_drops(number)
    defer { seenDrops = drops }
    return UInt64(drops &- seenDrops)
  }
}
