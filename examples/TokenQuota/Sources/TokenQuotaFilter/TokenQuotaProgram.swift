public import FilterKit

/// What `TokenQuota` does with a packet, on sockets and in the kernel.
public enum TokenQuotaProgram: PacketProgram {
  public struct Options: BitwiseCopyable, Sendable {
    /// How many packets a token may send.
    var quota: UInt64
    /// Where a filter before it kept the token.
    var token: MetadataKey
    /// Where `read` keeps the token's number for `note`.
    var place: MetadataKey
    var counted: Counter
  }

  /// Looks only: the packet may yet be dropped by another filter, or be left to the sockets.
  public static func read<P: PacketAccess & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict {
    let token = ShortBytes(
      packet.word(of: options.token, at: 0), packet.word(of: options.token, at: 8),
      packet.word(of: options.token, at: 16), packet.word(of: options.token, at: 24),
      size: packet.size(of: options.token))
    guard let place = packet.entry(for: token) else { return .forward }
    guard packet.number(at: UInt32(truncatingIfNeeded: place)) < options.quota else { return .drop(.custom(0)) }
    packet.set(options.place, number: place)
    return .forward
  }

  /// Counts, now that the packet goes its way. Another packet may have been faster: then this one is dropped after all.
  public static func note<P: PacketEffects & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict {
    guard packet.kind(of: options.place) == .number else { return .forward }
    let place = UInt32(truncatingIfNeeded: packet.scalar(of: options.place))
    guard packet.add(1, toNumberAt: place) < options.quota else { return .drop(.custom(0)) }
    packet.add(1, to: options.counted)
    return .forward
  }
}
