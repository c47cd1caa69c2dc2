import FilterKit
import Glibc

/// Crashes at the packet that begins with a byte that it knows, and passes all others on.
struct Crash: Filter {
  static let name = "Crash"

  init(options: inout Options, context: inout FilterContext) {
    if options.boolean("at_once", default: false) { abort() }
  }

  func read(_ packet: inout Packet) -> Verdict {
    switch packet.load(at: 0, size: 1) {
    case UInt64(UInt8(ascii: "t")): return packet.count + UInt32.max > 0 ? .forward : .drop(.dropped)
    case UInt64(UInt8(ascii: "m")): UnsafeMutablePointer<UInt8>(bitPattern: 64)?.pointee = 1
    case UInt64(UInt8(ascii: "s")): return deeper(packet.count) == 0 ? .forward : .drop(.dropped)
    case UInt64(UInt8(ascii: "a")): abort()
    default: break
    }
    return .forward
  }

  /// Without an end.
  @inline(never) private func deeper(_ depth: UInt32) -> UInt32 {
    withUnsafeTemporaryAllocation(byteCount: 512, alignment: 8) { memory in
      memory[0] = UInt8(truncatingIfNeeded: depth)
      return deeper(depth &+ 1) &+ UInt32(memory[0])
    }
  }
}
