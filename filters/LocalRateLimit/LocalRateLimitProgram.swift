import PacketKit

/// Whose packets `LocalRateLimit` counts together.
struct RateLimitKey: Equatable, BitwiseCopyable, Sendable {
  var ip: IPAddress
  /// The port in the low 16 bits, 0 where all ports of an address count together, and the scope of a link-local address above it.
  var portAndScope: UInt64
}

/// The packet program of `LocalRateLimit`: whose packet it is. The counting is a table that each path keeps in its own way.
enum LocalRateLimitProgram {
  @inline(__always) static func key<P: PacketAccess & ~Copyable & ~Escapable>(
    of packet: inout P, withPort: Bool
  ) -> RateLimitKey {
    let source = packet.source
    let port: UInt64 = withPort ? UInt64(source.port) : 0
    return RateLimitKey(ip: source.ip, portAndScope: UInt64(source.scope) << 16 | port)
  }
}
