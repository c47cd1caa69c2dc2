/// Spreads hashes over endpoints so that, when an endpoint goes, its own clients move and nobody else (consistent hashing: Karger
/// et al., STOC 1997).
///
/// Endpoints have points on a ring of all 64-bit numbers, drawn from their addresses alone; a hash belongs to the next point. An
/// index by the high bits of the hash leads to the point in a step or two, as there are no fewer entries than points.
struct ConsistentTable: ~Copyable, @unchecked Sendable {
  private struct Point {
    var place: UInt64
    var endpoint: UInt32
  }

  /// The points in the order of their places.
  private let points: UnsafeMutablePointer<Point>
  private let count: Int
  /// For each value of the high bits the first point that is not below it.
  private let index: UnsafeMutablePointer<UInt32>
  private let shift: UInt64

  /// With that many points the endpoints' shares have a standard deviation of 8 %.
  private static let pointsPerEndpoint = 160
  /// Above this many endpoints there is no need to be that even, and the memory would be felt.
  private static let manyEndpoints = 4_096
  private static let pointsPerEndpointOfMany = 16

  init(_ addresses: [SocketAddress]) {
    let each = addresses.count > Self.manyEndpoints ? Self.pointsPerEndpointOfMany : Self.pointsPerEndpoint
    count = addresses.count * each
    let bits = max(1, count).nextPowerOfTwo.trailingZeroBitCount + 1
    shift = UInt64(64 - bits)
    points = .allocate(capacity: max(1, count))
    index = .allocate(capacity: 1 << bits + 1)
    index.initialize(repeating: 0, count: 1 << bits + 1)
    guard count > 0 else { return }

    // Sorting by the index: count what falls to each entry, turn counts into first places, put the points there.
    for address in addresses {
      for number in 0..<each { index[Int(Self.place(address, number) >> shift) + 1] += 1 }
    }
    for entry in 0..<(1 << bits) { index[entry + 1] += index[entry] }
    let free = UnsafeMutablePointer<UInt32>.allocate(capacity: 1 << bits)
    defer { free.deallocate() }
    free.initialize(from: index, count: 1 << bits)
    for (endpoint, address) in addresses.enumerated() {
      for number in 0..<each {
        let point = Point(place: Self.place(address, number), endpoint: UInt32(endpoint))
        let entry = Int(point.place >> shift)
        insert(point, between: Int(index[entry]), and: Int(free[entry]))
        free[entry] += 1
      }
    }
  }

  /// Puts a point among the sorted ones of its entry.
  private func insert(_ point: Point, between first: Int, and end: Int) {
    var at = end
    while at > first, points[at - 1].place > point.place {
      points[at] = points[at - 1]
      at -= 1
    }
    points[at] = point
  }

  /// The place of one of an endpoint's points.
  private static func place(_ address: SocketAddress, _ number: Int) -> UInt64 {
    mix(address.stableHash &+ UInt64(number) &* 0x9e37_79b9_7f4a_7c15)
  }

  deinit {
    points.deallocate()
    index.deallocate()
  }

  /// The number of the endpoint for a hash. Meaningful only where there is an endpoint.
  func endpoint(for hash: UInt64) -> UInt32 {
    var at = Int(index[Int(truncatingIfNeeded: hash >> shift)])
    while at < count, points[at].place < hash { at &+= 1 }
    return points[at < count ? at : 0].endpoint
  }

  /// The same for the kernel's program; nil without an endpoint.
  var ring: HashRing? {
    guard count > 0 else { return nil }
    let indexCount = 1 << Int(64 - shift)
    let entries = (0...max(count, indexCount)).map { place in
      // Behind the last point is the first one again, as the ring's end.
      HashRing.Entry(
        place: place < count ? points[place].place : .max, endpoint: points[place < count ? place : 0].endpoint,
        first: index[min(place, indexCount)])
    }
    return HashRing(entries: entries, shift: shift)
  }
}
