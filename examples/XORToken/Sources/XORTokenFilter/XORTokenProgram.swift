public import FilterKit

/// What `XORToken` does with a packet, on sockets and in the kernel.
public enum XORTokenProgram: PacketProgram {
  public struct Options: BitwiseCopyable, Sendable {
    /// The mask in each of the eight bytes.
    var mask: UInt64
    /// The token's size in bytes.
    var size: UInt32
    /// Where the token is kept.
    var token: MetadataKey
  }

  public static func read<P: PacketAccess & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict {
    guard packet.count >= options.size,
      let masked = packet.bytes(at: packet.count &- options.size, size: options.size),
      packet.removeLast(options.size)
    else { return .drop(.custom(0)) }
    packet.set(options.token, bytes: masked.xor(options.mask))
    return .forward
  }
}
