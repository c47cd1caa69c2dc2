import PacketKit

/// What `Capture` does with a prefix or a suffix.
struct AffixCapture: BitwiseCopyable, Sendable {
  var size: UInt32
  var isSuffix: Bool
  var removes: Bool
  var key: MetadataKey
  var isPresent: MetadataKey
}

/// The packet program of `Capture` for a prefix and a suffix.
enum CaptureProgram {
  @inline(__always) static func read<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ options: AffixCapture
  ) -> Verdict {
    let size = options.size
    guard packet.count >= size,
      packet.capture(at: options.isSuffix ? packet.count &- size : 0, size: size, as: options.key)
    else {
      packet.set(options.isPresent, bool: false)
      return .drop(.captureNoValue)
    }
    packet.set(options.isPresent, bool: true)
    if options.removes, !(options.isSuffix ? packet.removeLast(size) : packet.removeFirst(size)) {
      return .drop(.captureNoValue)
    }
    return .forward
  }
}
