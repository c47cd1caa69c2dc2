/// A counter of a filter: its place among those of a worker, or of the kernel's program.
@frozen public struct Counter: Hashable, BitwiseCopyable, Sendable {
  /// As many places as a worker has, so that no value can reach other memory.
  @usableFromInline let place: UInt16

  @inlinable public init(cell: UInt32) { place = UInt16(truncatingIfNeeded: cell) }

  @inlinable public var cell: UInt32 { UInt32(place) }
}
