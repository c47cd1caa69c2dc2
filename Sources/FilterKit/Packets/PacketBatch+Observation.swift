/// What stands around a chain to watch it, such as the test kit, needs of packets.
extension PacketBatch {
  /// The time of day that the batch was received at, in nanoseconds since 1970.
  package var wallClock: Int64 {
    get { context.pointee.wallClock }
    set { context.pointee.wallClock = newValue }
  }

  /// Shows the filters this address as the one that packet `index` came from.
  package mutating func setSource(_ index: Int, to source: SocketAddress) {
    precondition(index >= 0 && index < Self.capacity)
    states[index].source = source
  }
}

extension Packet {
  /// A copy of the items of the list under `key`; empty where something else or nothing is.
  package func items(of key: MetadataKey) -> [[UInt8]] {
    guard kind(of: key) == .list else { return [] }
    var place = Int(cell(key).pointee.payload)
    return (0..<cell(key).pointee.count).map { _ in
      let header = context.pointee.arena.base + place
      let size = Int(header.load(as: UInt64.self))
      place += 8 + (size + 7) & ~7
      return Array(UnsafeRawBufferPointer(start: header + 8, count: size))
    }
  }
}

extension Chain {
  /// This chain with a filter around it, which has to run `nodes` itself. What it takes of time is not counted, and it drops nothing.
  package func inside(_ filter: any Filter) -> Chain {
    let uncounted = Counter(cell: 0)
    return Chain(
      nodes: [FilterNode(label: "", filter: filter, number: 0, drops: DropRow(first: uncounted), time: uncounted)],
      keys: keys, program: program)
  }
}
