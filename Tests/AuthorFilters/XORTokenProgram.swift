public import FilterKit

/// The packet program of `XORToken`.
public enum XORTokenProgram: PacketProgram {
  public struct Options: BitwiseCopyable, Sendable {
    var mask: UInt64
    var size: UInt32
    var token: MetadataKey
  }

  public static func read<P: PacketAccess & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict {
    guard packet.count >= options.size, let masked = packet.bytes(at: packet.count &- options.size, size: options.size)
    else { return .drop(.captureNoValue) }
    packet.set(options.token, bytes: masked.xor(options.mask))
    return packet.removeLast(options.size) ? .forward : .drop(.captureNoValue)
  }
}
