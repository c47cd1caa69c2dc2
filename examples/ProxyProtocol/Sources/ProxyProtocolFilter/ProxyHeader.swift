import FilterKit

/// A header of the PROXY protocol, version 2, for a datagram.
struct ProxyHeader {
  private static let signature: InlineArray<12, UInt8> = [
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
  ]

  // The largest header: that of IPv6.
  private var bytes = InlineArray<52, UInt8>(repeating: 0)
  private var count = 0

  /// Of IPv4 where both addresses are, of IPv6 otherwise: there an IPv4 address has its v4-mapped form.
  init(from source: SocketAddress, to destination: SocketAddress) {
    let isV4 = source.ip.isV4 && destination.ip.isV4
    for index in Self.signature.indices { append(UInt64(Self.signature[index]), size: 1) }
    // Version 2, "PROXY"; then family and protocol, and the size of what follows.
    append(0x21, size: 1)
    append(isV4 ? 0x12 : 0x22, size: 1)
    append(isV4 ? 12 : 36, size: 2)
    append(source.ip, isV4: isV4)
    append(destination.ip, isV4: isV4)
    append(UInt64(source.port), size: 2)
    append(UInt64(destination.port), size: 2)
  }

  /// Puts it in front of the payload. False where a datagram would be too small for both.
  func prepend(to packet: inout Packet) -> Bool { packet.prepend(bytes.span.bytes.extracting(0..<count)) }

  private mutating func append(_ ip: IPAddress, isV4: Bool) {
    if isV4 {
      append(UInt64(ip.v4), size: 4)
    } else {
      append(ip.high, size: 8)
      append(ip.low, size: 8)
    }
  }

  /// A number in network order.
  private mutating func append(_ number: UInt64, size: Int) {
    for place in (0..<size).reversed() {
      bytes[count] = UInt8(truncatingIfNeeded: number >> UInt64(8 * place))
      count += 1
    }
  }
}
