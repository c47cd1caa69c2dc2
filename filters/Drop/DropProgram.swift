import PacketKit

/// The packet program of `Drop`.
enum DropProgram {
  @inline(__always) static func run<P: PacketAccess & ~Copyable & ~Escapable>(_ packet: inout P) -> Verdict {
    .drop(.dropped)
  }
}
