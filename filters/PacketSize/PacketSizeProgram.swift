import PacketKit

/// The sizes of payloads that `PacketSize` lets through, both ends included.
struct PacketSizeBounds: BitwiseCopyable, Sendable {
  var minimum: UInt32
  var maximum: UInt32
}

/// The packet program of `PacketSize`.
enum PacketSizeProgram {
  @inline(__always) static func run<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ bounds: PacketSizeBounds
  ) -> Verdict {
    packet.count >= bounds.minimum && packet.count <= bounds.maximum ? .forward : .drop(.packetSize)
  }
}
