import FilterKit

/// The packet program of `Stray`.
enum StrayProgram: PacketProgram {
  struct Options: BitwiseCopyable, Sendable {}

  @inline(__always) static func read<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ options: Options
  ) -> Verdict {
    guard let word = packet.load(at: 0, size: 8), let anywhere = UnsafePointer<UInt64>(bitPattern: UInt(word))
    else { return .forward }
    return anywhere.pointee > 7 ? .forward : .drop(.dropped)
  }
}
