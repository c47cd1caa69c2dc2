import FilterKit
import Glibc

/// One worker's share of the listening address: a socket of either family, or of both.
struct ListenerPair: ~Copyable {
  /// What it is bound to, with the port that the kernel chose where 0 was asked for.
  let addresses: [SocketAddress]
  private var v4: Listener?
  private var v6: Listener?
  private let v4Number: Int32?
  private let v6Number: Int32?
  private let v4Address: LocalAddress?
  private let v6Address: LocalAddress?

  private init(v4: consuming Listener?, v6: consuming Listener?) {
    (v4Number, v4Address) = (v4?.number, v4?.fixed ?? nil)
    (v6Number, v6Address) = (v6?.number, v6?.fixed ?? nil)
    addresses = [v6?.address, v4?.address].compactMap { $0 }
    self.v4 = v4
    self.v6 = v6
  }

  /// The first worker's share, which nobody else may have: `[::]` stands for both families. Fails where another program has an address.
  init(claiming address: SocketAddress, warnings: inout [String]) throws(SocketPathError) {
    let anyV4 = SocketAddress(IPAddress(v4: 0), port: address.port)
    guard address.ip.isUnspecified, !address.ip.isV4 else {
      let listener = Listener(try UDPSocket(.firstListener, on: address))
      if address.ip.isV4 { self.init(v4: listener, v6: nil) } else { self.init(v4: nil, v6: listener) }
      return
    }
    let v6: Listener
    do throws(SocketPathError) { v6 = Listener(try UDPSocket(.firstListener, on: address)) } catch {
      guard case .system("socket", EAFNOSUPPORT) = error else { throw error }
      warnings.append("this system has no IPv6: listening on IPv4 alone")
      self.init(v4: Listener(try UDPSocket(.firstListener, on: anyV4)), v6: nil)
      return
    }
    // With port 0 the kernel chose one that may be taken for IPv4; that is an error like any other.
    self.init(v4: Listener(try UDPSocket(.firstListener, on: SocketAddress(anyV4.ip, port: v6.address.port))), v6: v6)
  }

  /// A further worker's share of the same addresses.
  init(joining addresses: [SocketAddress]) throws(SocketPathError) {
    var v4: Listener?
    var v6: Listener?
    for address in addresses {
      let listener = Listener(try UDPSocket(.listener, on: address))
      if address.ip.isV4 { v4 = consume listener } else { v6 = consume listener }
    }
    self.init(v4: v4, v6: v6)
  }

  /// Takes packets from now on.
  mutating func open() {
    v4?.open()
    v6?.open()
  }

  /// The descriptor of a family's socket.
  @inline(__always) func number(isV4: Bool) -> Int32? { isV4 ? v4Number : v6Number }

  /// The one address that a family's packets come to, or nil where the packets tell.
  @inline(__always) func fixedAddress(isV4: Bool) -> LocalAddress? { isV4 ? v4Address : v6Address }

  /// Packets that the sockets had no room for since the last call.
  mutating func newDrops() -> UInt64 { (v4?.newDrops() ?? 0) + (v6?.newDrops() ?? 0) }
}
