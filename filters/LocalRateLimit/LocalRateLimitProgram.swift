import PacketKit

/// Whose packets `LocalRateLimit` counts together.
struct RateLimitKey: Equatable, BitwiseCopyable, Sendable {
  var ip: IPAddress
  /// The port in the low 16 bits, 0 where all ports of an address count together, and the scope of a link-local address above it.
  var portAndScope: UInt64
}

/// How many packets of a key are let through in how long.
struct RateLimit: BitwiseCopyable, Sendable {
  var maximumPackets: UInt64
  /// The length of a window in nanoseconds.
  var period: Int64
}

/// The window of a key: when it began, in nanoseconds of `CLOCK_MONOTONIC`, and how many packets came in it. Both paths change it.
protocol RateLimitWindow {
  var start: UInt64 { get }
  var count: UInt64 { get }
  /// Begins the window anew with one packet, unless somebody else just did.
  func renew(from start: UInt64, at now: UInt64) -> Bool
  /// Counts one packet; gives the count before.
  func countOne() -> UInt64
}

/// The packet program of `LocalRateLimit`: whose packet it is, and whether it is within the limit. Where the windows of the keys are
/// is each path's own matter.
enum LocalRateLimitProgram {
  @inline(__always) static func key<P: PacketAccess & ~Copyable & ~Escapable>(
    of packet: inout P, withPort: Bool
  ) -> RateLimitKey {
    let source = packet.source
    let port: UInt64 = withPort ? UInt64(source.port) : 0
    return RateLimitKey(ip: source.ip, portAndScope: UInt64(source.scope) << 16 | port)
  }

  /// Workers take the time once a batch, so one may be a little behind another: the difference has a sign.
  @inline(__always) static func isOver(_ window: some RateLimitWindow, _ limit: RateLimit, now: UInt64) -> Bool {
    Int64(bitPattern: now &- window.start) >= limit.period
  }

  /// Counts a packet. False where it is one too many.
  @inline(__always) static func admit(_ window: some RateLimitWindow, _ limit: RateLimit, now: UInt64) -> Bool {
    let start = window.start
    if Int64(bitPattern: now &- start) >= limit.period, window.renew(from: start, at: now) {
      return limit.maximumPackets > 0
    }
    return window.count < limit.maximumPackets && window.countOne() < limit.maximumPackets
  }
}
