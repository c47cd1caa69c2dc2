import FilterKit
import PacketKit
import Synchronization

/// A part of a rate limit's table: a hash table with chains, whose entries are also in a list by the start of their windows.
struct RateLimitShard: ~Copyable, @unchecked Sendable {
  private struct Entry: BitwiseCopyable {
    var key: RateLimitKey
    /// When the window began by which the entry has its place in the list. The kernel may have begun another since.
    var listedStart: UInt64
    var hash: UInt32
    /// The next entry of the same bucket.
    var next: UInt32
    /// The neighbours in the list by start.
    var older: UInt32
    var newer: UInt32
    /// Whether the kernel knows the entry's window.
    var isShared: Bool
  }

  private static let none = UInt32.max

  private let limit: RateLimit
  private let maximumKeys: Int
  private var entries: UnsafeMutablePointer<Entry>
  /// The windows of the entries, by the entries' places.
  private var memory: StateMemory
  /// The place of the shard's first window among those of the table.
  private var firstCell = 0
  /// The first entry of each bucket. There are at least as many buckets as entries.
  private var buckets: UnsafeMutablePointer<UInt32>
  private var capacity: Int
  private var bucketMask: UInt32
  private var used = 0
  private var oldest = none
  private var newest = none

  init(_ limit: RateLimit, maximumKeys: Int) {
    self.limit = limit
    self.maximumKeys = maximumKeys
    capacity = 16
    entries = .allocate(capacity: 16)
    memory = StateMemory(cellCount: 16)
    buckets = .allocate(capacity: 16)
    buckets.initialize(repeating: Self.none, count: 16)
    bucketMask = 15
  }

  deinit {
    entries.deallocate()
    buckets.deallocate()
  }

  mutating func admit(_ key: RateLimitKey, hash: UInt32, now: UInt64) -> RateLimitTable.Outcome {
    var place = buckets[Int(hash & bucketMask)]
    while place != Self.none {
      let entry = entries + Int(place)
      if entry.pointee.hash == hash, entry.pointee.key == key {
        let window = window(place)
        let isAdmitted = LocalRateLimitProgram.admit(window, limit, now: now)
        if window.start != entry.pointee.listedStart { moveInList(place, window.start) }
        if !entry.pointee.isShared { share(place) }
        return isAdmitted ? .admitted : .refused
      }
      place = entry.pointee.next
    }
    let (fresh, evicts) = take(now)
    insert(key, hash, at: fresh, now)
    let isAdmitted = LocalRateLimitProgram.admit(window(fresh), limit, now: now)
    share(fresh)
    if evicts { return isAdmitted ? .admittedAfterEviction : .refusedAfterEviction }
    return isAdmitted ? .admitted : .refused
  }

  /// Moves the windows to other memory, from a cell on.
  mutating func move(to memory: StateMemory, firstCell: Int) {
    let moved = memory.from(cell: firstCell)
    moved.copy(used, from: self.memory)
    self.memory = moved
    self.firstCell = firstCell
    capacity = maximumKeys
    let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    larger.moveInitialize(from: entries, count: used)
    entries.deallocate()
    entries = larger
    // The kernel learns of a window with the next packet of its key.
    for place in 0..<used { entries[place].isShared = false }
    while Int(bucketMask) + 1 < capacity { growBuckets() }
  }

  /// The window of an entry.
  private struct Window: RateLimitWindow {
    let words: UnsafeMutablePointer<SharedWord>

    var start: UInt64 { words[0].load(ordering: .relaxed) }
    var count: UInt64 { words[1].load(ordering: .relaxed) }

    func renew(from start: UInt64, at now: UInt64) -> Bool {
      guard words[0].compareExchange(expected: start, desired: now, ordering: .relaxed).exchanged else { return false }
      words[1].store(1, ordering: .relaxed)
      return true
    }

    func countOne() -> UInt64 { words[1].wrappingAdd(1, ordering: .relaxed).oldValue }

    func begin(at now: UInt64) {
      words[0].store(now, ordering: .relaxed)
      words[1].store(0, ordering: .relaxed)
    }
  }

  private func window(_ place: UInt32) -> Window { Window(words: memory.words + 2 &* Int(place)) }

  private func isOver(_ place: UInt32, _ now: UInt64) -> Bool {
    LocalRateLimitProgram.isOver(window(place), limit, now: now)
  }

  // MARK: The kernel

  /// Lets the kernel count in the entry's window.
  private func share(_ place: UInt32) {
    guard let places = memory.places else { return }
    let key = entries[Int(place)].key
    // The kernel's key of a link-local address has no interface.
    guard key.portAndScope >> 16 == 0 else { return }
    let port = UInt16(truncatingIfNeeded: key.portAndScope)
    entries[Int(place)].isShared = places.set(key.ip, port: port, cell: firstCell + Int(place))
  }

  private func unshare(_ place: UInt32) {
    guard entries[Int(place)].isShared, let places = memory.places else { return }
    let key = entries[Int(place)].key
    places.remove(key.ip, port: UInt16(truncatingIfNeeded: key.portAndScope))
  }

  // MARK: Places

  /// A place for a new key: one whose window is over, a fresh one, or that of the oldest window.
  private mutating func take(_ now: UInt64) -> (place: UInt32, evicts: Bool) {
    listRenewed()
    let isOldestOver = oldest != Self.none && isOver(oldest, now)
    if !isOldestOver, used < maximumKeys {
      if used == capacity { grow() }
      used &+= 1
      return (UInt32(truncatingIfNeeded: used &- 1), false)
    }
    let place = oldest
    unlinkFromBucket(place)
    unlinkFromList(place)
    unshare(place)
    return (place, !isOldestOver)
  }

  private mutating func insert(_ key: RateLimitKey, _ hash: UInt32, at place: UInt32, _ now: UInt64) {
    let bucket = Int(hash & bucketMask)
    (entries + Int(place)).initialize(
      to: Entry(
        key: key, listedStart: now, hash: hash, next: buckets[bucket], older: Self.none, newer: Self.none,
        isShared: false))
    window(place).begin(at: now)
    buckets[bucket] = place
    linkAsNewest(place)
  }

  private mutating func grow() {
    let larger = min(maximumKeys, capacity * 2)
    let moved = UnsafeMutablePointer<Entry>.allocate(capacity: larger)
    moved.moveInitialize(from: entries, count: used)
    entries.deallocate()
    entries = moved
    capacity = larger
    let movedMemory = StateMemory(cellCount: larger)
    movedMemory.copy(used, from: memory)
    memory = movedMemory
    if larger > Int(bucketMask) + 1 { growBuckets() }
  }

  private mutating func growBuckets() {
    let bucketCount = (Int(bucketMask) + 1) * 2
    buckets.deallocate()
    buckets = .allocate(capacity: bucketCount)
    buckets.initialize(repeating: Self.none, count: bucketCount)
    bucketMask = UInt32(bucketCount - 1)
    for place in 0..<used {
      let bucket = Int(entries[place].hash & bucketMask)
      entries[place].next = buckets[bucket]
      buckets[bucket] = UInt32(place)
    }
  }

  // MARK: The list

  /// Brings entries at the old end of the list to where they belong, whose window the kernel has renewed. A few at a time: which of
  /// them is forgotten first when the table is full is worth no more.
  private mutating func listRenewed() {
    var rest = 16
    while rest > 0, oldest != Self.none {
      let start = window(oldest).start
      guard start != entries[Int(oldest)].listedStart else { return }
      moveInList(oldest, start)
      rest &-= 1
    }
  }

  private mutating func moveInList(_ place: UInt32, _ start: UInt64) {
    entries[Int(place)].listedStart = start
    unlinkFromList(place)
    linkAsNewest(place)
  }

  private mutating func unlinkFromBucket(_ place: UInt32) {
    let bucket = Int(entries[Int(place)].hash & bucketMask)
    let next = entries[Int(place)].next
    guard buckets[bucket] != place else {
      buckets[bucket] = next
      return
    }
    var before = Int(buckets[bucket])
    while entries[before].next != place { before = Int(entries[before].next) }
    entries[before].next = next
  }

  private mutating func unlinkFromList(_ place: UInt32) {
    let (older, newer) = (entries[Int(place)].older, entries[Int(place)].newer)
    if older == Self.none { oldest = newer } else { entries[Int(older)].newer = newer }
    if newer == Self.none { newest = older } else { entries[Int(newer)].older = older }
  }

  private mutating func linkAsNewest(_ place: UInt32) {
    entries[Int(place)].older = newest
    entries[Int(place)].newer = Self.none
    if newest == Self.none { oldest = place } else { entries[Int(newest)].newer = place }
    newest = place
  }
}
