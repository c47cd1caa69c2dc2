import CDataPath
import FilterKit

/// How many endpoints, and entries of the ring of consistent hashing, there is room for in each of two lists.
public struct BalanceRoom: Equatable, Sendable {
  public var endpoints = 0
  public var ring = 0

  public init(endpoints: Int = 0, ring: Int = 0) {
    self.endpoints = endpoints
    self.ring = ring
  }

  /// The same, or a larger one with room to grow.
  func holding(_ routing: KernelRouting) -> BalanceRoom {
    let (endpoints, ring) = (routing.choices.count, routing.ring?.entries.count ?? 0)
    return BalanceRoom(
      endpoints: endpoints <= self.endpoints ? self.endpoints : max(16, 2 * endpoints),
      ring: ring <= self.ring ? self.ring : 2 * ring)
  }
}

/// The endpoints among which LoadBalancer chooses, in the kernel's maps: two lists, of which one is in use.
struct BalanceMaps: Sendable {
  let balance: KernelMap<UInt32, UInt64>
  let endpoints: KernelMap<UInt32, UInt32>
  let ring: KernelMap<UInt32, ring_entry>
  let room: BalanceRoom

  /// Puts a list in place of the one in use: whole, between two packets.
  func write(_ numbers: [UInt32], ring entries: HashRing?) throws(KernelPathError) {
    let list = 1 - (balance[0] ?? 0) >> UInt64(BALANCE_LIST_BIT) & 1
    for (place, number) in numbers.enumerated() {
      try endpoints.set(UInt32(Int(list) * room.endpoints + place), number)
    }
    for (place, entry) in (entries?.entries ?? []).enumerated() {
      let entry = ring_entry(place: entry.place, endpoint: numbers[Int(entry.endpoint)], first: entry.first)
      try ring.set(UInt32(Int(list) * room.ring + place), entry)
    }
    let shift = (entries?.shift ?? 0) << UInt64(BALANCE_SHIFT_BIT)
    try balance.set(0, UInt64(numbers.count) | list << UInt64(BALANCE_LIST_BIT) | shift)
  }
}
