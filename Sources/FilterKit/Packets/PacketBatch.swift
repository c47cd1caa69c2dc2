import Synchronization

/// Up to 64 datagrams that go through the chain together, and the memory they live in.
///
/// A worker has one batch and fills it again and again. Filters see the packets one by one as `Packet`.
public struct PacketBatch: ~Copyable {
  /// How many datagrams a batch holds.
  public static let capacity = 64
  /// The largest UDP payload over IPv4: 65,535 less the headers of IPv4 and UDP.
  public static let maximumPayload = 65_507
  /// Bytes before the payload of a received datagram, for filters that prepend.
  public static let headroom = 1_024
  /// Bytes that a datagram can take from a socket: more than any, so that none is cut.
  public static let receiveSize = 65_536
  @usableFromInline static let slotSize = headroom + receiveSize
  // 64 KiB and a bit: slots a power of two apart would share few cache sets.
  private static let stride = slotSize + 4_096 + 192
  /// Bytes of the room in which a filter builds a new payload. Snappy asks for a sixth more than it compresses.
  public static let scratchSize = 81_920

  /// A bit for each packet that no filter has dropped so far.
  @usableFromInline var live: UInt64 = 0
  @usableFromInline let states: UnsafeMutablePointer<PacketState>
  @usableFromInline let context: UnsafeMutablePointer<BatchContext>
  private let slots: UnsafeMutableRawPointer
  private let cells: UnsafeMutablePointer<MetadataCell>
  private let cellCapacity: Int
  private let sheet: CounterSheet
  private var routing: RoutingTable

  /// Memory for batches of a chain. Pages are touched only as far as datagrams fill them.
  /// - Parameters:
  ///   - keyCount: how many metadata keys the chain has.
  ///   - routing: the endpoints, and which of them have a token.
  ///   - sheet: where drops and filters' counters are counted.
  public init(keyCount: Int, routing: RoutingTable, sheet: CounterSheet) {
    let capacity = Self.capacity
    slots = .allocate(byteCount: Self.stride * capacity, alignment: 64)
    cellCapacity = max(1, keyCount * capacity)
    cells = .allocate(capacity: cellCapacity)
    cells.initialize(repeating: MetadataCell(), count: cellCapacity)
    states = .allocate(capacity: capacity)
    for index in 0..<capacity {
      (states + index).initialize(
        to: PacketState(slot: slots + index * Self.stride, cells: cells + index * keyCount))
    }
    self.routing = routing
    self.sheet = sheet
    context = .allocate(capacity: 1)
    context.initialize(
      to: BatchContext(random: .random(in: 1 ... .max), routing: .passUnretained(routing), sheet: sheet))
    context.pointee.endpointCount = UInt32(routing.endpoints.count)
    context.pointee.keyCount = UInt16(keyCount)
  }

  deinit {
    context.deinitialize(count: 1)
    context.deallocate()
    states.deallocate()
    cells.deallocate()
    slots.deallocate()
  }

  // MARK: What a worker does

  /// The memory that datagram `index` is received into.
  public func receiveBuffer(_ index: Int) -> UnsafeMutableRawBufferPointer {
    precondition(index >= 0 && index < Self.capacity)
    return UnsafeMutableRawBufferPointer(start: states[index].slot + Self.headroom, count: Self.receiveSize)
  }

  /// Starts a batch. Whatever the packets of the last one had is gone.
  public mutating func begin(_ direction: Direction, now: UInt64, wallClock: Int64) {
    live = 0
    // Copied as in `Packet`: with the thread sanitizer the compiler crashes otherwise (swiftlang/swift#86265).
    let context = context
    context.pointee.direction = direction
    context.pointee.now = now
    context.pointee.wallClock = wallClock
    context.pointee.generation &+= 1
    context.pointee.arena.reset()
    context.pointee.destinations.reset()
  }

  /// Puts the datagram that was received into `receiveBuffer(index)` into the batch.
  public mutating func insert(_ index: Int, size: Int, from source: SocketAddress) {
    precondition(index >= 0 && index < Self.capacity && size >= 0 && size <= Self.receiveSize)
    let state = states + index
    state.pointee.lower = UInt32(Self.headroom)
    state.pointee.upper = UInt32(Self.headroom + size)
    state.pointee.source = source
    state.pointee.firstDestination = DestinationNode.end
    state.pointee.lastDestination = DestinationNode.end
    live |= 1 &<< UInt64(index)
  }

  /// A bit for each packet that is in the batch and was not dropped.
  public var livePackets: UInt64 { live }

  /// Takes a packet out without counting it.
  public mutating func remove(_ index: Int) { live &= ~(1 &<< UInt64(index)) }

  /// The payload as it is now. Valid until the next batch begins.
  public func payload(_ index: Int) -> UnsafeMutableRawBufferPointer {
    precondition(index >= 0 && index < Self.capacity)
    return UnsafeMutableRawBufferPointer(start: states[index].payload, count: Int(states[index].count))
  }

  public func source(_ index: Int) -> SocketAddress {
    precondition(index >= 0 && index < Self.capacity)
    return states[index].source
  }

  /// The destinations of a packet, as endpoints' numbers in the order in which they were chosen.
  public func destinations(_ index: Int) -> Destinations {
    precondition(index >= 0 && index < Self.capacity)
    return Destinations(context: context, next: states[index].firstDestination)
  }

  /// Walks the destinations of one packet. Must not outlive the batch.
  public struct Destinations {
    let context: UnsafeMutablePointer<BatchContext>
    var next: UInt32

    public var isEmpty: Bool { next == DestinationNode.end }

    public mutating func pop() -> UInt32? {
      guard next != DestinationNode.end else { return nil }
      let node = context.pointee.destinations[next]
      next = node.next
      return node.endpoint
    }
  }

  // MARK: What a filter's batch loop does

  /// The view of packet `index`.
  @inlinable @_lifetime(borrow self) public func packet(_ index: Int) -> Packet {
    Packet(states + (index & 63), context, owner: self)
  }

  /// Drops a packet and counts it for the filter that runs now.
  @inlinable public mutating func drop(_ index: Int, _ reason: DropReason) {
    live &= ~(1 &<< UInt64(truncatingIfNeeded: index))
    guard reason.rawValue < UInt32(DropReason.count) else { return }
    CounterSheet.add(1, to: context.pointee.drops + Int(reason.rawValue))
  }

  /// Runs `body` with only `packets` in the batch and adds the others back to what is left of them.
  @inlinable public mutating func withOnly(_ packets: UInt64, _ body: (inout PacketBatch) -> Void) {
    let others = live & ~packets
    live &= packets
    body(&self)
    live |= others
  }

  /// Counts drops for another filter; gives back the place to restore.
  mutating func countDrops(in row: DropRow) -> DropPlace {
    let before = context.pointee.drops
    context.pointee.drops = context.pointee.counters + Int(row.first.cell)
    return DropPlace(cells: before)
  }

  mutating func countDrops(at place: DropPlace) { context.pointee.drops = place.cells }

  /// Reading the clock for every filter of every batch would be felt, so one batch in so many stands for all.
  private static let timedBatches: UInt64 = 64

  /// Whether the time of the filters is taken for this batch.
  var isTimed: Bool { context.pointee.generation % Self.timedBatches == 0 }

  mutating func countTime(since start: UInt64, in counter: Counter) {
    let time = (SystemClock.monotonic &- start) &* Self.timedBatches
    CounterSheet.add(time, to: context.pointee.counters + Int(counter.cell))
  }

  /// The cells that drops are counted in.
  struct DropPlace {
    fileprivate let cells: UnsafeMutablePointer<Atomic<UInt64>>
  }
}
