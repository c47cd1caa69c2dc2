extension ShortBytes {
  /// The bytes of a collection, for example of an option; nil where there are more than 32.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count <= Int(Self.maximumSize) else { return nil }
    var words: [UInt64] = [0, 0, 0, 0]
    for (index, byte) in bytes.enumerated() { words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8) }
    self.init(words[0], words[1], words[2], words[3], size: UInt32(bytes.count))
  }
}
