public import FilterKit

/// The packet program of `GroupLimit`.
public enum GroupLimitProgram: PacketProgram {
  public struct Options: BitwiseCopyable, Sendable {
    var limit: UInt64
    /// The number of the packet's group.
    var group: MetadataKey
    var passed: Counter
  }

  public static func read<P: PacketAccess & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict {
    guard let size = packet.load(at: 0, size: 1),
      let name = packet.bytes(at: 1, size: UInt32(truncatingIfNeeded: size)),
      let group = packet.entry(for: name)
    else { return .drop(.custom(0)) }
    guard packet.number(at: UInt32(truncatingIfNeeded: group)) < options.limit else { return .drop(.custom(1)) }
    packet.set(options.group, number: group)
    return .forward
  }

  public static func note<P: PacketEffects & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict {
    let group = UInt32(truncatingIfNeeded: packet.scalar(of: options.group))
    guard packet.add(1, toNumberAt: group) < options.limit else { return .drop(.custom(1)) }
    packet.add(1, to: options.passed)
    return .forward
  }
}
