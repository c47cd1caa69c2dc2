/// A datagram on its way through the chain: a view that cannot be stored or outlive its batch.
///
/// Reads and edits are checked against the payload's bounds and against the size of a datagram.
public struct Packet: ~Copyable, ~Escapable, TimedPacketAccess, GrowingPacketAccess,
  BalancedPacketAccess
{
  // A method that changes something in place through a pointer copies the pointer first (`let state = state`). Else the
  // package does not compile with the thread sanitizer: its mark of the access to `self` counts as an escape of the view.
  @usableFromInline let state: UnsafeMutablePointer<PacketState>
  @usableFromInline let context: UnsafeMutablePointer<BatchContext>

  @inlinable @_lifetime(borrow owner)
  init(
    _ state: UnsafeMutablePointer<PacketState>, _ context: UnsafeMutablePointer<BatchContext>,
    owner: borrowing PacketBatch
  ) {
    self.state = state
    self.context = context
  }

  // MARK: What it is

  /// The payload's size in bytes.
  @inlinable public var count: UInt32 { state.pointee.upper &- state.pointee.lower }

  /// Where the packet came from: the client on read, the server on write.
  @inlinable public var source: SocketAddress { state.pointee.source }

  @inlinable public var direction: Direction { context.pointee.direction }

  /// Nanoseconds of `CLOCK_MONOTONIC` at which the batch was received.
  @inlinable public var now: UInt64 { context.pointee.now }

  /// Nanoseconds since 1970 (UTC) at which the batch was received.
  @inlinable public var wallClock: Int64 { context.pointee.wallClock }

  /// The payload.
  @inlinable public var bytes: RawSpan {
    @_lifetime(borrow self) get {
      let start = UnsafeRawPointer(state.pointee.slot + Int(state.pointee.lower))
      return _overrideLifetime(RawSpan(_unsafeStart: start, byteCount: Int(count)), borrowing: self)
    }
  }

  /// `size` bytes of the payload at `offset`, 1 to 8 of them, the first one in the lowest bits. Nil where they are not all in the
  /// payload, or `size` is another.
  @inlinable public func load(at offset: UInt32, size: UInt32) -> UInt64? {
    guard size &- 1 < 8, holds(offset, size) else { return nil }
    return word(at: offset) & ShortBytes.mask(size)
  }

  /// `size` bytes of the payload at `offset`, up to 32. Nil where they are not all in the payload, or are more.
  @inlinable public func bytes(at offset: UInt32, size: UInt32) -> ShortBytes? {
    guard size <= ShortBytes.maximumSize, holds(offset, size) else { return nil }
    return ShortBytes(
      word(at: offset), size > 8 ? word(at: offset &+ 8) : 0, size > 16 ? word(at: offset &+ 16) : 0,
      size > 24 ? word(at: offset &+ 24) : 0, size: size)
  }

  /// Whether `size` bytes at `offset` are all in the payload.
  @inlinable @inline(__always) func holds(_ offset: UInt32, _ size: UInt32) -> Bool {
    offset <= count && size <= count &- offset
  }

  /// Eight bytes from a place in the payload on. Some may lie behind its end, even behind the end of the slot, where there is room
  /// that no packet uses.
  @inlinable @inline(__always) func word(at offset: UInt32) -> UInt64 {
    UInt64(littleEndian: (state.pointee.payload + Int(offset)).loadUnaligned(as: UInt64.self))
  }

  /// The payload, to be changed in place.
  @inlinable public var mutableBytes: MutableRawSpan {
    @_lifetime(&self) mutating get {
      let start = state.pointee.slot + Int(state.pointee.lower)
      return _overrideLifetime(MutableRawSpan(_unsafeStart: start, byteCount: Int(count)), mutating: &self)
    }
  }

  /// A random number, fast and not for secrets (wyrand).
  @inlinable public mutating func random() -> UInt64 {
    let context = context
    context.pointee.random &+= 0xa076_1d64_78bd_642f
    let seed = context.pointee.random
    let product = seed.multipliedFullWidth(by: seed ^ 0xe703_7ed1_a0b4_28db)
    return product.high ^ product.low
  }

  // MARK: Counting

  /// Adds to a counter that the filter registered.
  @inlinable public func add(_ amount: UInt64 = 1, to counter: Counter) {
    CounterSheet.add(amount, to: context.pointee.counters + Int(counter.cell))
  }

  /// Puts a value, in the unit of the histogram, into its bucket.
  @inlinable public func observe(_ value: UInt64, in histogram: Histogram) {
    add(1, to: histogram.first.advanced(by: histogram.bucket(of: value)))
    add(value, to: histogram.sum)
  }
}
