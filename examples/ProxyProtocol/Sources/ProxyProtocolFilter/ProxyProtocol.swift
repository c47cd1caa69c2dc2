public import FilterKit
import Filters

/// Tells servers the client's address: puts a header of the PROXY protocol, version 2, in front of every datagram to a server.
///
/// The header is that of https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, 2.2. It depends on the packet, so it is written on
/// sockets only: the filter has no packet program, and a chain with it runs there.
public struct ProxyProtocol: Filter {
  public static let name = "ProxyProtocol"
  public static let summary = "Tells servers the client's address, in a header of the PROXY protocol."

  /// Where clients send to, as servers are told.
  private let destination: SocketAddress

  public init(options: inout Options, context: inout FilterContext) {
    let text = options.string("destination")
    do throws(AddressError) {
      destination = try SocketAddress(text)
    } catch {
      options.report("\(error)", at: options.mark(of: "destination"))
      destination = SocketAddress(IPAddress(v4: 0), port: 0)
    }
  }

  public func read(_ packet: inout Packet) -> Verdict {
    let header = ProxyHeader(from: packet.source, to: destination)
    return header.prepend(to: &packet) ? .forward : .drop(.payloadTooLarge)
  }
}

extension FilterRegistry {
  /// The proxy's own filters and `ProxyProtocol`.
  public static var withProxyProtocol: FilterRegistry { .builtin.adding(ProxyProtocol.self) }
}
