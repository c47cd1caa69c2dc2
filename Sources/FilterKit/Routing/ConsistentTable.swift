/// Spreads hashes over endpoints so that few of them move when an endpoint comes or goes (Maglev, NSDI 2016, section 3.4).
///
/// The table has a prime number of places, about 100 for each endpoint. Each endpoint fills places in an order of its own,
/// drawn from its address, in turns with the others.
struct ConsistentTable: ~Copyable, @unchecked Sendable {
  private let places: UnsafeMutablePointer<UInt32>
  private let size: UInt64

  /// Primes, each about four times the one before.
  private static let sizes = [251, 1021, 4093, 16_381, 65_521, 262_139, 1_048_573, 4_194_301, 16_777_213]

  init(_ addresses: [SocketAddress]) {
    let wanted = addresses.count * 100
    let size = Self.sizes.first { $0 >= wanted } ?? Self.sizes.last!
    self.size = UInt64(size)
    places = .allocate(capacity: size)
    places.initialize(repeating: .max, count: size)
    guard !addresses.isEmpty else { return }

    // The order in which endpoints take turns must not depend on their order in the file.
    let order = addresses.indices.sorted { addresses[$0].stableHash < addresses[$1].stableHash }
    var next = order.map { Int(mix(addresses[$0].stableHash ^ 1) % UInt64(size)) }
    let skip = order.map { Int(mix(addresses[$0].stableHash ^ 2) % UInt64(size - 1)) + 1 }
    var filled = 0
    while filled < size {
      for turn in order.indices where filled < size {
        while places[next[turn]] != .max { next[turn] = (next[turn] + skip[turn]) % size }
        places[next[turn]] = UInt32(order[turn])
        filled += 1
      }
    }
  }

  deinit { places.deallocate() }

  /// The number of the endpoint for a hash. Meaningful only where there is an endpoint.
  func endpoint(for hash: UInt64) -> UInt32 { places[Int(truncatingIfNeeded: hash % size)] }
}
