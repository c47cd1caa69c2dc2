import FilterKit
import Glibc

/// From the address that was asked for to the sockets that take its packets.
enum ListeningAddresses {
  /// The addresses to bind, at most one of each family, with their port. Fails where another program has one of them.
  static func find(_ address: SocketAddress, warnings: inout [String]) throws(SocketPathError) -> [SocketAddress] {
    let isBoth = address.ip.isUnspecified && !address.ip.isV4
    guard isBoth else { return [try probe(address)] }
    let v4 = IPAddress(v4: 0)
    do throws(SocketPathError) {
      let v6 = try probe(address)
      // With port 0 the kernel chose one that may be taken for IPv4; that is an error like any other.
      return [v6, try probe(SocketAddress(v4, port: v6.port))]
    } catch {
      guard case .system("socket", EAFNOSUPPORT) = error else { throw error }
      warnings.append("this system has no IPv6: listening on IPv4 alone")
      return [try probe(SocketAddress(v4, port: address.port))]
    }
  }

  /// The sockets of one worker. All workers bind the same addresses.
  static func open(_ addresses: [SocketAddress]) throws(SocketPathError) -> ListenerPair {
    var v4: Listener?
    var v6: Listener?
    for address in addresses {
      if address.ip.isV4 {
        v4 = Listener(try UDPSocket(.listener, on: address))
      } else {
        v6 = Listener(try UDPSocket(.listener, on: address))
      }
    }
    return ListenerPair(v4: v4, v6: v6)
  }

  private static func probe(_ address: SocketAddress) throws(SocketPathError) -> SocketAddress {
    try UDPSocket(.probe, on: address).address
  }
}
