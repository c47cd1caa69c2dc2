import PacketKit

/// A part of a rate limit's table: a hash table with chains, whose entries are also in a list by the start of their windows.
struct RateLimitShard: ~Copyable, @unchecked Sendable {
  private struct Entry: BitwiseCopyable {
    var key: RateLimitKey
    /// When the window began, in nanoseconds.
    var start: UInt64
    var hash: UInt32
    var count: UInt32
    /// The next entry of the same bucket.
    var next: UInt32
    /// The neighbours in the list by start.
    var older: UInt32
    var newer: UInt32
  }

  private static let none = UInt32.max

  private let maximumPackets: UInt32
  private let period: Int64
  private let maximumKeys: Int
  private var entries: UnsafeMutablePointer<Entry>
  /// The first entry of each bucket. There are at least as many buckets as entries.
  private var buckets: UnsafeMutablePointer<UInt32>
  private var capacity: Int
  private var bucketMask: UInt32
  private var used = 0
  private var oldest = none
  private var newest = none

  init(maximumPackets: UInt32, period: UInt64, maximumKeys: Int) {
    self.maximumPackets = maximumPackets
    self.period = Int64(clamping: period)
    self.maximumKeys = maximumKeys
    capacity = 16
    entries = .allocate(capacity: 16)
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
        if isOver(entry, now) {
          entry.pointee.start = now
          entry.pointee.count = 0
          unlinkFromList(place)
          linkAsNewest(place)
        }
        return count(entry) ? .admitted : .refused
      }
      place = entry.pointee.next
    }
    let (fresh, evicts) = take(now)
    insert(key, hash, at: fresh, now)
    let isAdmitted = count(entries + Int(fresh))
    if evicts { return isAdmitted ? .admittedAfterEviction : .refusedAfterEviction }
    return isAdmitted ? .admitted : .refused
  }

  /// Workers take the time once a batch, so one may be a little behind another: the difference has a sign.
  private func isOver(_ entry: UnsafeMutablePointer<Entry>, _ now: UInt64) -> Bool {
    Int64(bitPattern: now &- entry.pointee.start) >= period
  }

  private func count(_ entry: UnsafeMutablePointer<Entry>) -> Bool {
    guard entry.pointee.count < maximumPackets else { return false }
    entry.pointee.count &+= 1
    return true
  }

  /// A place for a new key: one whose window is over, a fresh one, or that of the oldest window.
  private mutating func take(_ now: UInt64) -> (place: UInt32, evicts: Bool) {
    let isOldestOver = oldest != Self.none && isOver(entries + Int(oldest), now)
    if !isOldestOver, used < maximumKeys {
      if used == capacity { grow() }
      used &+= 1
      return (UInt32(truncatingIfNeeded: used &- 1), false)
    }
    let place = oldest
    unlinkFromBucket(place)
    unlinkFromList(place)
    return (place, !isOldestOver)
  }

  private mutating func insert(_ key: RateLimitKey, _ hash: UInt32, at place: UInt32, _ now: UInt64) {
    let bucket = Int(hash & bucketMask)
    (entries + Int(place)).initialize(
      to: Entry(
        key: key, start: now, hash: hash, count: 0, next: buckets[bucket], older: Self.none, newer: Self.none))
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
    guard larger > Int(bucketMask) + 1 else { return }
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

  // MARK: Links

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
