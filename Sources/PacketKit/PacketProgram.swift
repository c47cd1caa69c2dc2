/// The work per packet of a filter that runs in both paths: on sockets, where the filter calls it, and in the kernel, where it is
/// compiled into the XDP program.
///
/// It is written in a file of its own that is named after it and ends in `Program.swift`: the plugin `CompilePacketPrograms` takes
/// these files. See `PacketAccess` for what such code may do.
public protocol PacketProgram {
  /// What the program needs to know of the filter's configuration: plain data, at most 32 bytes.
  associatedtype Options: BitwiseCopyable & Sendable

  /// Looks at a packet from a client. It changes nothing but the packet.
  static func read<P: PacketAccess & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict
  /// Looks at a packet from a server. It changes nothing but the packet.
  static func write<P: PacketAccess & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict
  /// Notes a packet, of either direction, that `read` or `write` let through: it counts it, or changes the filter's state. It may
  /// drop it after all. It comes once for each packet, in the path that serves it; what it needs to know of the payload, `read` puts
  /// under a metadata key, whose place is asked for by `ChainEncoder.place(observing:)`.
  static func note<P: PacketEffects & ~Copyable & ~Escapable>(_ packet: inout P, _ options: Options) -> Verdict
}

extension PacketProgram {
  @inlinable public static func read<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ options: Options
  ) -> Verdict { .forward }

  @inlinable public static func write<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ options: Options
  ) -> Verdict { .forward }

  @inlinable public static func note<P: PacketEffects & ~Copyable & ~Escapable>(
    _ packet: inout P, _ options: Options
  ) -> Verdict { .forward }
}
