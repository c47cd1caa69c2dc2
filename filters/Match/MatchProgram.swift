import PacketKit

/// A configured value that a packet's value is compared with, in a form that the kernel can hold: a bool, a number, or at most
/// 32 bytes.
struct MatchValue: BitwiseCopyable, Sendable {
  /// `bool`, `number` or `bytes`.
  var kind: MetadataKind
  /// The size of the bytes.
  var size: UInt32
  /// The bool or the number, or the first eight bytes. Each word has its first byte in the lowest bits.
  var word0: UInt64
  var word1: UInt64
  var word2: UInt64
  var word3: UInt64

  static let maximumSize: UInt32 = 32
}

/// The packet program of `Match`: what one branch asks.
enum MatchProgram {
  /// Whether the value under `key` equals a configured one: like with like; a string equals bytes with the same UTF-8; a number
  /// equals one byte with that value.
  @inline(__always) static func equals<P: PacketAccess & ~Copyable & ~Escapable>(
    _ packet: inout P, _ key: MetadataKey, _ value: MatchValue
  ) -> Bool {
    switch (packet.kind(of: key), value.kind) {
    case (.bool, .bool), (.number, .number): return packet.scalar(of: key) == value.word0
    case (.bytes, .number): return packet.size(of: key) == 1 && packet.word(of: key, at: 0) == value.word0
    case (.bytes, .bytes), (.string, .bytes):
      let size = value.size
      guard packet.size(of: key) == size else { return false }
      if size > 0, packet.word(of: key, at: 0) != value.word0 { return false }
      if size > 8, packet.word(of: key, at: 8) != value.word1 { return false }
      if size > 16, packet.word(of: key, at: 16) != value.word2 { return false }
      if size > 24, packet.word(of: key, at: 24) != value.word3 { return false }
      return true
    default: return false
    }
  }
}
