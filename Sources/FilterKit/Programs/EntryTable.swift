import PacketKit
import Synchronization

/// A table from short keys to numbers, read by all workers. It is split into shards with a lock each, and allocates nothing where it is
/// read. While the kernel's program looks into it too, every change goes to both.
final class EntryTable: Sendable {
  let capacity: Int
  private let count = Atomic<Int>(0)
  private nonisolated(unsafe) let shards: UnsafeMutablePointer<Mutex<EntryShard>>
  private let shardCount: Int
  /// Chosen anew for each table, so that nobody can prepare keys that collide.
  private let seed = UInt64.random(in: .min ... .max)

  init(capacity: Int) {
    self.capacity = capacity
    shardCount = capacity >= 1_024 ? 16 : 1
    shards = .allocate(capacity: shardCount)
    for index in 0..<shardCount { (shards + index).initialize(to: Mutex(EntryShard())) }
  }

  deinit {
    shards.deinitialize(count: shardCount)
    shards.deallocate()
  }

  subscript(key: ShortBytes) -> UInt64? {
    let hash = hash(key)
    return shards[shard(hash)].withLock { $0.value(key, hash) }
  }

  func set(_ key: ShortBytes, _ value: UInt64) -> Bool {
    let hash = hash(key)
    return shards[shard(hash)].withLock { shard in
      if shard.value(key, hash) != nil { return shard.set(key, hash, value) }
      guard count.add(1, ordering: .relaxed).oldValue < capacity, shard.set(key, hash, value) else {
        count.subtract(1, ordering: .relaxed)
        return false
      }
      return true
    }
  }

  func remove(_ key: ShortBytes) -> Bool {
    let hash = hash(key)
    return shards[shard(hash)].withLock { shard in
      guard shard.remove(key, hash) else { return false }
      count.subtract(1, ordering: .relaxed)
      return true
    }
  }

  /// Brings all entries to the kernel, and every change from now on; nil ends that.
  func share(with entries: (any StateEntries)?) throws(KernelRefusal) {
    for index in 0..<shardCount {
      guard shards[index].withLock({ $0.share(with: entries) }) else {
        for index in 0..<shardCount { _ = shards[index].withLock { $0.share(with: nil) } }
        throw KernelRefusal("the kernel has no room for a filter's table")
      }
    }
  }

  private func hash(_ key: ShortBytes) -> UInt64 {
    var hash = mix(key.word0 ^ seed) &+ UInt64(key.size)
    if key.size > 8 { hash = mix(hash ^ key.word1) }
    if key.size > 16 { hash = mix(mix(hash ^ key.word2) ^ key.word3) }
    return mix(hash)
  }

  private func shard(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 60) & (shardCount &- 1) }
}

/// A part of a table: open addressing with linear probing, at most half full.
private struct EntryShard: ~Copyable, @unchecked Sendable {
  private struct Place: BitwiseCopyable {
    var key: ShortBytes
    var value: UInt64
    var hash: UInt64
    var isUsed: Bool

    static var free: Place { Place(key: ShortBytes(0, size: 0), value: 0, hash: 0, isUsed: false) }
  }

  private var places: UnsafeMutablePointer<Place>
  private var mask = 15
  private var used = 0
  private var kernel: (any StateEntries)?

  init() {
    places = .allocate(capacity: 16)
    places.initialize(repeating: .free, count: 16)
  }

  deinit { places.deallocate() }

  borrowing func value(_ key: ShortBytes, _ hash: UInt64) -> UInt64? {
    let place = find(key, hash)
    return places[place].isUsed ? places[place].value : nil
  }

  /// False, and nothing done, where the kernel does not take it.
  mutating func set(_ key: ShortBytes, _ hash: UInt64, _ value: UInt64) -> Bool {
    if let kernel, !kernel.set(key, value) { return false }
    if used * 2 > mask { grow() }
    let place = find(key, hash)
    if !places[place].isUsed { used += 1 }
    places[place] = Place(key: key, value: value, hash: hash, isUsed: true)
    return true
  }

  mutating func remove(_ key: ShortBytes, _ hash: UInt64) -> Bool {
    var free = find(key, hash)
    guard places[free].isUsed else { return false }
    kernel?.remove(key)
    used -= 1
    // What was put farther along, because this place was taken, moves up.
    var next = (free + 1) & mask
    while places[next].isUsed {
      let home = Int(truncatingIfNeeded: places[next].hash) & mask
      if (next &- home) & mask >= (next &- free) & mask {
        places[free] = places[next]
        free = next
      }
      next = (next + 1) & mask
    }
    places[free] = .free
    return true
  }

  mutating func share(with entries: (any StateEntries)?) -> Bool {
    kernel = entries
    guard let entries else { return true }
    for index in 0...mask where places[index].isUsed {
      guard entries.set(places[index].key, places[index].value) else { return false }
    }
    return true
  }

  /// The place of a key, or the free one where it would be.
  private borrowing func find(_ key: ShortBytes, _ hash: UInt64) -> Int {
    var place = Int(truncatingIfNeeded: hash) & mask
    while places[place].isUsed, places[place].hash != hash || places[place].key != key { place = (place &+ 1) & mask }
    return place
  }

  private mutating func grow() {
    let (old, count) = (places, mask + 1)
    places = .allocate(capacity: count * 2)
    places.initialize(repeating: .free, count: count * 2)
    mask = count * 2 - 1
    for index in 0..<count where old[index].isUsed { places[find(old[index].key, old[index].hash)] = old[index] }
    old.deallocate()
  }
}
