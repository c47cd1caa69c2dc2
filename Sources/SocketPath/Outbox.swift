import FilterKit

/// Packets of one batch on their way to servers, kept as one list for each socket they leave from.
struct Outbox: ~Copyable {
  static let none = UInt32.max
  static let capacity = 256

  /// One packet: which of the batch, for which session.
  struct Entry {
    var packet: UInt32
    var session: UInt32
    var next: UInt32
  }

  let entries: UnsafeMutablePointer<Entry>
  private(set) var count = 0
  /// The sockets with something to send, in the order of their first packet.
  let touched: UnsafeMutablePointer<UInt32>
  private(set) var touchedCount = 0

  init() {
    entries = .allocate(capacity: Self.capacity)
    touched = .allocate(capacity: Self.capacity)
  }

  deinit {
    entries.deallocate()
    touched.deallocate()
  }

  var isFull: Bool { count == Self.capacity }

  /// Adds a packet behind those that already wait for the socket at `place`.
  mutating func append(packet: Int, session: UInt32, from upstream: UInt32, of place: inout UpstreamPool.Place) {
    let index = UInt32(truncatingIfNeeded: count)
    entries[count] = Entry(packet: UInt32(truncatingIfNeeded: packet), session: session, next: Self.none)
    count &+= 1
    if place.lastPending == Self.none {
      place.firstPending = index
      touched[touchedCount] = upstream
      touchedCount &+= 1
    } else {
      entries[Int(place.lastPending)].next = index
    }
    place.lastPending = index
  }

  mutating func reset() {
    count = 0
    touchedCount = 0
  }
}
