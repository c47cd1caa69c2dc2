import CDataPath
import FilterKit

/// The maps that filters have beside the chain's image.
struct FilterMaps: Sendable {
  let prefixes: KernelMap<prefix_key, UInt32>
  let portSets: KernelMap<UInt32, port_set>
  let cellPlaces: KernelMap<cell_key, UInt32>

  /// Writes the networks and the sets of ports of a chain.
  func fill(_ tables: KernelTables) throws(KernelPathError) {
    for prefix in tables.prefixes { try prefixes.set(Self.key(prefix), prefix.answer) }
    for (index, ports) in tables.portSets.enumerated() {
      var set = port_set()
      withUnsafeMutableBytes(of: &set) { $0.copyBytes(from: ports.bits) }
      try portSets.set(UInt32(index), set)
    }
  }

  private static func key(_ prefix: KernelTables.Prefix) -> prefix_key {
    let isV4 = prefix.block.network.isV4
    // The table's number counts as bits in front of the address; IPv4 has tables of its own.
    return prefix_key(
      length: UInt32(32 + (isV4 ? 96 : 0) + prefix.block.prefixLength), table: 2 * prefix.table + (isV4 ? 0 : 1),
      address: KernelBytes(prefix.block.network).array)
  }
}

/// The endpoints among which LoadBalancer chooses, in the kernel's maps: two lists, of which one is in use.
struct BalanceMaps: Sendable {
  let balance: KernelMap<UInt32, UInt64>
  let endpoints: KernelMap<UInt32, UInt32>
  let ring: KernelMap<UInt32, ring_entry>
  /// How many endpoints, and entries of the ring, each list has room for.
  let endpointRoom: Int
  let ringRoom: Int

  /// Puts a list in place of the one in use: whole, between two packets.
  func write(_ numbers: [UInt32], ring entries: HashRing?) throws(KernelPathError) {
    let list = 1 - (balance[0] ?? 0) >> UInt64(BALANCE_LIST_BIT) & 1
    for (place, number) in numbers.enumerated() {
      try endpoints.set(UInt32(Int(list) * endpointRoom + place), number)
    }
    for (place, entry) in (entries?.entries ?? []).enumerated() {
      let entry = ring_entry(place: entry.place, endpoint: numbers[Int(entry.endpoint)], first: entry.first)
      try ring.set(UInt32(Int(list) * ringRoom + place), entry)
    }
    let shift = (entries?.shift ?? 0) << UInt64(BALANCE_SHIFT_BIT)
    try balance.set(0, UInt64(numbers.count) | list << UInt64(BALANCE_LIST_BIT) | shift)
  }
}
