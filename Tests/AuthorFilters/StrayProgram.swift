import FilterKit

/// The packet program of `Stray`.
enum StrayProgram: PacketProgram {
  struct Options: BitwiseCopyable, Sendable {}

  @inline(__always) static func read<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ options: Options
  ) -> Verdict {
    guard let word = packet.load(at: 0, size: 8) else { return .forward }
    let anywhere = unsafeBitCast(word, to: UnsafePointer<UInt64>.self)
    return anywhere.pointee > 7 ? .forward : .drop(.dropped)
  }
}
