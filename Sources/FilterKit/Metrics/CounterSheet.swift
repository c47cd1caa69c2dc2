import Glibc
public import Synchronization

/// One worker's counters: a row of cells that only this worker writes and anybody may read.
///
/// There is one writer, so a cell is added to by a plain load and store; both are relaxed atomics, which cost the same and
/// make the reader at the scrape well defined.
public final class CounterSheet: @unchecked Sendable {
  /// How many cells a sheet has. Memory is touched only where a counter is used.
  public static let capacity = 1 << 16

  @usableFromInline let cells: UnsafeMutablePointer<Atomic<UInt64>>

  public init() {
    // Zeroed pages that the kernel hands out on first use; `Atomic<UInt64>` has the layout of its value.
    guard let memory = calloc(Self.capacity, MemoryLayout<UInt64>.stride) else { fatalError("out of memory") }
    cells = memory.bindMemory(to: Atomic<UInt64>.self, capacity: Self.capacity)
  }

  deinit { free(cells) }

  /// Adds to a cell. Called by the worker that owns the sheet, and by no other thread.
  @inlinable public func add(_ amount: UInt64, to counter: Counter) { Self.add(amount, to: cells + Int(counter.cell)) }

  /// Sets a cell. Called by the worker that owns the sheet, and by no other thread.
  public func set(_ counter: Counter, to value: UInt64) { cells[Int(counter.cell)].store(value, ordering: .relaxed) }

  public func value(of counter: Counter) -> UInt64 { cells[Int(counter.cell)].load(ordering: .relaxed) }

  @inlinable @inline(__always) static func add(_ amount: UInt64, to cell: UnsafeMutablePointer<Atomic<UInt64>>) {
    cell.pointee.store(cell.pointee.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }
}

extension Counter {
  /// The counter that lies `offset` cells behind this one, in a block that was registered together.
  @inlinable func advanced(by offset: UInt32) -> Counter { Counter(cell: cell &+ offset) }
}

/// The places of the counters of one filter's drops, one for each reason.
@frozen public struct DropRow: Hashable, Sendable {
  @usableFromInline let first: Counter
  @usableFromInline init(first: Counter) { self.first = first }

  /// The counter of a reason.
  @inlinable public subscript(_ reason: DropReason) -> Counter {
    first.advanced(by: reason.rawValue < UInt32(DropReason.count) ? reason.rawValue : 0)
  }
}

/// The place of a histogram in every worker's sheet. Its buckets double: `smallest`, twice that, four times that, …
@frozen public struct Histogram: Hashable, Sendable {
  @usableFromInline let first: Counter
  /// How many buckets there are below the one without a bound.
  public let bucketCount: UInt32
  /// The upper bound of the first bucket, as a power of two of the observed unit.
  public let smallestExponent: UInt32

  /// The bucket that a value belongs to.
  @inlinable func bucket(of value: UInt64) -> UInt32 {
    let bits = value == 0 ? 0 : UInt32(truncatingIfNeeded: 64 &- (value &- 1).leadingZeroBitCount)
    let bucket = bits > smallestExponent ? bits &- smallestExponent : 0
    return bucket < bucketCount ? bucket : bucketCount
  }

  @inlinable var sum: Counter { first.advanced(by: bucketCount &+ 1) }

  /// The upper bound of a bucket in the observed unit.
  public func bound(ofBucket bucket: UInt32) -> UInt64 { 1 << UInt64(smallestExponent + bucket) }
}
