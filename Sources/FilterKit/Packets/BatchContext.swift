public import Synchronization

/// What all packets of a batch share. It stays at one place in memory, so that a packet's view can point to it.
@usableFromInline struct BatchContext: ~Copyable {
  @usableFromInline var direction = Direction.read
  /// Counts the batches; see `MetadataCell.generation`.
  @usableFromInline var generation: UInt64 = 0
  /// Nanoseconds of `CLOCK_MONOTONIC`.
  @usableFromInline var now: UInt64 = 0
  /// Nanoseconds since 1970 of `CLOCK_REALTIME`.
  @usableFromInline var wallClock: Int64 = 0
  @usableFromInline var random: UInt64
  /// The endpoints. The worker holds the table for as long as a batch uses it.
  @usableFromInline var routing: Unmanaged<RoutingTable>
  @usableFromInline var endpointCount: UInt32 = 0
  /// The cells of the worker's sheet, and among them the row for the drops of the filter that runs now.
  @usableFromInline var counters: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline var drops: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline var keyCount: UInt16 = 0
  /// The state of the filter whose packet program runs now, which holds it.
  @usableFromInline var state: Unmanaged<ProgramState>?
  var arena = Arena(capacity: 4096)
  var destinations = DestinationNodes(capacity: 256)
  /// Room to build a new payload in: `PacketBatch.scratchSize` bytes.
  @usableFromInline let scratch: UnsafeMutableRawPointer

  init(random: UInt64, routing: Unmanaged<RoutingTable>, sheet: CounterSheet) {
    self.random = random
    self.routing = routing
    counters = sheet.cells
    drops = sheet.cells
    scratch = .allocate(byteCount: PacketBatch.scratchSize, alignment: 64)
  }

  deinit { scratch.deallocate() }
}
