import FilterKit

/// The packet program of `Peel`.
enum PeelProgram: PacketProgram {
  struct Options: BitwiseCopyable, Sendable {
    var key: MetadataKey
    var size: UInt32
  }

  @inline(__always) static func read<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ options: Options
  ) -> Verdict {
    guard packet.capture(at: 0, size: options.size, as: options.key) else { return .drop(.captureNoValue) }
    return packet.removeFirst(options.size) ? .forward : .drop(.captureNoValue)
  }

  @inline(__always) static func write<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ options: Options
  ) -> Verdict {
    packet.removeLast(options.size) ? .forward : .drop(.packetSize)
  }
}
