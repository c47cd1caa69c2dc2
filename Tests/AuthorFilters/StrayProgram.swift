import FilterKit

/// The packet program of `Stray`.
enum StrayProgram: PacketProgram {
  struct Options: BitwiseCopyable, Sendable {
    var key: MetadataKey
  }

  @inline(__always) static func read<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ options: Options
  ) -> Verdict {
    guard packet.count > 3 else { return .forward }
    return packet.scalar(of: options.key) > 7 ? .forward : .drop(.dropped)
  }
}
