/// Up to 32 bytes as plain data: as words that have the first byte in the lowest bits, and zeros behind the last byte.
@frozen public struct ShortBytes: Hashable, BitwiseCopyable, Sendable {
  @inlinable public static var maximumSize: UInt32 { 32 }

  /// How many bytes there are.
  public let size: UInt32
  public let word0: UInt64
  public let word1: UInt64
  public let word2: UInt64
  public let word3: UInt64

  /// The first `size` bytes of the words; 32 where `size` is more.
  @inlinable @inline(__always) public init(
    _ word0: UInt64, _ word1: UInt64 = 0, _ word2: UInt64 = 0, _ word3: UInt64 = 0, size: UInt32
  ) {
    self.size = size < Self.maximumSize ? size : Self.maximumSize
    self.word0 = word0 & Self.mask(size)
    self.word1 = size > 8 ? word1 & Self.mask(size &- 8) : 0
    self.word2 = size > 16 ? word2 & Self.mask(size &- 16) : 0
    self.word3 = size > 24 ? word3 & Self.mask(size &- 24) : 0
  }

  /// Words that are zero behind the bytes already.
  @inlinable @inline(__always) init(
    size: UInt32, whole word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64
  ) {
    self.size = size
    (self.word0, self.word1, self.word2, self.word3) = (word0, word1, word2, word3)
  }

  /// The same bytes with a word's eight bytes over and over put against them by exclusive or.
  @inlinable @inline(__always) public func xor(_ word: UInt64) -> ShortBytes {
    ShortBytes(word0 ^ word, word1 ^ word, word2 ^ word, word3 ^ word, size: size)
  }

  /// The bits of the first `size` bytes of a word.
  @inlinable @inline(__always) public static func mask(_ size: UInt32) -> UInt64 {
    size >= 8 ? .max : (1 &<< UInt64(size &* 8)) &- 1
  }
}
