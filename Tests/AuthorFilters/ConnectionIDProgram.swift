public import FilterKit

/// The packet program of `ConnectionID`.
public enum ConnectionIDProgram: PacketProgram {
  public struct Options: BitwiseCopyable, Sendable {
    /// The size of the ids that the servers give out: a short header does not say it.
    var shortSize: UInt32
    var id: MetadataKey
    var isLong: MetadataKey
  }

  public static func read<P: PacketAccess & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict {
    guard let first = packet.load(at: 0, size: 1) else { return .drop(.custom(0)) }
    packet.set(options.isLong, bool: first & 0x80 != 0)
    if first & 0x80 == 0 {
      return packet.capture(at: 1, size: options.shortSize, as: options.id) ? .forward : .drop(.custom(0))
    }
    // Behind the version stands the size of the id.
    guard let size = packet.load(at: 5, size: 1) else { return .drop(.custom(0)) }
    guard size <= 20 else { return .drop(.custom(1)) }
    return packet.capture(at: 6, size: UInt32(truncatingIfNeeded: size), as: options.id) ? .forward : .drop(.custom(0))
  }
}
