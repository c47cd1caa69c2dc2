import FilterKit

/// The packet program of `Peel`.
enum PeelProgram: PacketProgram {
  struct Options: BitwiseCopyable, Sendable {
    /// In each of the eight bytes.
    var mask: UInt64
    var key: MetadataKey
    var size: UInt32
  }

  @inline(__always) static func read<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ options: Options
  ) -> Verdict {
    guard let masked = packet.bytes(at: 0, size: options.size) else { return .drop(.captureNoValue) }
    packet.set(options.key, bytes: masked.xor(options.mask))
    return packet.removeFirst(options.size) ? .forward : .drop(.captureNoValue)
  }

  @inline(__always) static func write<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ options: Options
  ) -> Verdict {
    packet.removeLast(options.size) ? .forward : .drop(.packetSize)
  }
}
