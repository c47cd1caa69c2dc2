/// The ring of consistent hashing as plain data: its points in their order, and an index to them by the high bits of a hash.
public struct HashRing: Equatable, Sendable {
  /// A point of the ring, and an entry of the index.
  public struct Entry: Equatable, Sendable {
    public var place: UInt64
    /// The point's endpoint, by its place in the configuration.
    public var endpoint: UInt32
    /// The first point that is not below the hashes whose high bits are the number of this entry.
    public var first: UInt32
  }

  public let entries: [Entry]
  /// By how many bits a hash is shifted for its place in the index.
  public let shift: UInt64
}
