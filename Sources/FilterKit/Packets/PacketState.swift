/// What a batch keeps for one datagram.
@usableFromInline struct PacketState {
  /// The start of the slot that holds the datagram. Its size is `PacketBatch.slotSize`.
  @usableFromInline let slot: UnsafeMutableRawPointer
  /// The metadata cells of this packet, one for each key of the chain.
  @usableFromInline let cells: UnsafeMutablePointer<MetadataCell>
  /// The payload is `lower..<upper` of the slot.
  @usableFromInline var lower: UInt32 = 0
  @usableFromInline var upper: UInt32 = 0
  @usableFromInline var source = SocketAddress(IPAddress(high: 0, low: 0), port: 0)
  /// The chosen destinations, as a list through the batch's nodes: first and last node, `DestinationNode.end` where there is none.
  @usableFromInline var firstDestination: UInt32 = DestinationNode.end
  @usableFromInline var lastDestination: UInt32 = DestinationNode.end

  @usableFromInline var count: UInt32 { upper &- lower }
  @usableFromInline var payload: UnsafeMutableRawPointer { slot + Int(lower) }
}

/// One chosen destination of one packet.
@usableFromInline struct DestinationNode {
  @usableFromInline static let end = UInt32.max
  @usableFromInline var endpoint: UInt32
  @usableFromInline var next: UInt32
}

/// The value of one metadata key of one packet.
@usableFromInline struct MetadataCell {
  /// The batch that wrote the value. In any later batch the cell is empty, so nothing needs to be cleared.
  @usableFromInline var generation: UInt64 = 0
  @usableFromInline var kind = MetadataKind.none
  /// Bytes of a string or of bytes; items of a list.
  @usableFromInline var count: UInt32 = 0
  /// The number, the bool, or the place of the bytes in the batch's arena.
  @usableFromInline var payload: UInt64 = 0

  @usableFromInline init() {}

  @inlinable init(generation: UInt64, kind: MetadataKind, count: UInt32, payload: UInt64) {
    self.generation = generation
    self.kind = kind
    self.count = count
    self.payload = payload
  }
}
