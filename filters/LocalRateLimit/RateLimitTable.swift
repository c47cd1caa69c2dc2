import FilterKit
import PacketKit
import Synchronization

/// Counts the packets of each key in fixed windows of time, for all workers together.
///
/// The table is split into shards with a lock each. It starts small and grows with the number of keys up to its limit; from then on,
/// and in between for keys whose window is over, it allocates nothing.
///
/// When the kernel runs the filter, both paths count in the same windows: the kernel those of the packets that it forwards or drops, and
/// only for keys that are in the table. A new key always begins here.
final class RateLimitTable: KernelState, @unchecked Sendable {
  enum Outcome {
    case admitted, refused
    /// Admitted; the key with the oldest window was forgotten to make room.
    case admittedAfterEviction
    /// Refused; the key with the oldest window was forgotten to make room.
    case refusedAfterEviction

    var isAdmitted: Bool { self == .admitted || self == .admittedAfterEviction }
    var isAfterEviction: Bool { self == .admittedAfterEviction || self == .refusedAfterEviction }
  }

  let limit: RateLimit
  private let keysPerShard: Int
  private let shards: UnsafeMutablePointer<Mutex<RateLimitShard>>
  private let shardCount: Int
  /// Chosen anew for each table, so that nobody can prepare addresses that collide.
  private let seed = UInt64.random(in: .min ... .max)

  /// - Parameter maximumKeys: how many keys are remembered, split evenly among the shards.
  init(_ limit: RateLimit, maximumKeys: Int) {
    // A small table has one shard, and so forgets exactly the oldest; a large one has 64.
    var shardCount = 1
    while shardCount < 64, maximumKeys / (shardCount * 2) >= 4_096 { shardCount *= 2 }
    self.limit = limit
    self.shardCount = shardCount
    keysPerShard = max(1, maximumKeys / shardCount)
    shards = .allocate(capacity: shardCount)
    for index in 0..<shardCount {
      (shards + index).initialize(to: Mutex(RateLimitShard(limit, maximumKeys: keysPerShard)))
    }
  }

  deinit {
    shards.deinitialize(count: shardCount)
    shards.deallocate()
  }

  /// Counts a packet of `key` at `now`, in nanoseconds of a clock that does not jump.
  func admit(_ key: RateLimitKey, now: UInt64) -> Outcome {
    let hash = mix(mix(mix(key.ip.high ^ seed) ^ key.ip.low) ^ key.portAndScope)
    // The shard and the place in it come from different bits.
    let shard = Int(truncatingIfNeeded: hash >> 58) & (shardCount &- 1)
    return shards[shard].withLock { $0.admit(key, hash: UInt32(truncatingIfNeeded: hash), now: now) }
  }

  var cellCount: Int { shardCount * keysPerShard }
  var keyedCellCount: Int { cellCount }

  func move(to memory: StateMemory) {
    for index in 0..<shardCount {
      shards[index].withLock { $0.move(to: memory, firstCell: index * keysPerShard) }
    }
  }
}
