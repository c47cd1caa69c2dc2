import PacketKit

/// The packet program of `Timestamp`.
enum TimestampProgram {
  /// The age of the packet in milliseconds: 0 where its timestamp is in the future, nil where it has none.
  @inline(__always) static func age<P: TimedPacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ key: MetadataKey
  ) -> UInt64? {
    let seconds: Int64
    switch packet.kind(of: key) {
    case .number: seconds = Int64(truncatingIfNeeded: min(packet.scalar(of: key), 1 << 62))
    case .bytes where packet.size(of: key) == 8:
      seconds = Int64(bitPattern: packet.word(of: key, at: 0).byteSwapped)
    default: return nil
    }
    // Far away times are cut to about 35,000 years on either side, so that milliseconds do not overflow.
    let bounded = max(-1 << 40, min(1 << 40, seconds))
    // Without a sign, since the kernel's program has no division with one. No clock shows a time before 1970.
    let now = Int64(truncatingIfNeeded: UInt64(bitPattern: packet.wallClock) / 1_000_000)
    let age = now &- bounded &* 1_000
    return age > 0 ? UInt64(age) : 0
  }
}
