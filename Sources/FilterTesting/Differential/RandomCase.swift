import FilterKit

/// A chain with endpoints and packets.
struct RandomCase {
  let registry: FilterRegistry
  var filters: [FilterTree]
  var endpoints: [RoutingTable.Endpoint]
  var packets: [Packet]

  struct Packet {
    var direction: Direction
    var payload: [UInt8]
    /// The client, or the server.
    var source: SocketAddress
    /// Of a reply: the client that it is for.
    var client: SocketAddress
  }

  /// The last client of each family has no session.
  static let clients = ["192.0.2.1:40000", "192.0.2.2:40001", "[2001:db8::c1]:40000", "[2001:db8::c2]:40001"]
    .map { try! SocketAddress($0) }
  static let strangers = ["192.0.2.3:40002", "[2001:db8::c3]:40002"].map { try! SocketAddress($0) }
  static let servers = ["203.0.113.1:26000", "[2001:db8::51]:26000", "203.0.113.2:26001", "[2001:db8::52]:26001"]
    .map { try! SocketAddress($0) }

  var filtersText: String { "[\(filters.map(\.text).joined(separator: ", "))]" }

  /// A chain with its endpoints, and no packets yet.
  init(_ generator: inout ChainGenerator) {
    registry = generator.registry
    filters = generator.chain()
    let count = generator.random.once(in: 4) ? 1 : generator.random.number(in: 0...4)
    endpoints = Self.servers.prefix(count).map { RoutingTable.Endpoint($0) }
    guard count > 0 else {
      packets = []
      return
    }
    for string in generator.strings where !generator.random.once(in: 5) {
      let token = Array(string.utf8)
      // Some belong to several endpoints.
      for _ in 0..<(generator.random.once(in: 5) ? 2 : 1) {
        endpoints[generator.random.number(in: 0...(count - 1))].tokens.append(token)
      }
    }
    if generator.random.once(in: 4) { endpoints[0].tokens.append([]) }
    packets = []
  }

  /// Adds packets.
  mutating func fill(_ count: Int, _ generator: inout ChainGenerator) {
    packets = (0..<count).map { _ in
      let payload = Self.payload(&generator)
      if generator.random.once(in: 4), let endpoint = endpoints.randomElement(using: &generator.random) {
        return Packet(
          direction: .write, payload: payload, source: endpoint.address,
          client: generator.random.pick([Self.clients[0], Self.clients[2]]))
      }
      let source =
        generator.random.once(in: 40) ? generator.random.pick(Self.strangers) : generator.random.pick(Self.clients)
      return Packet(direction: .read, payload: payload, source: source, client: source)
    }
  }

  /// What the filters of the chain look for at either end, or what nearly is that, with something between.
  private static func payload(_ generator: inout ChainGenerator) -> [UInt8] {
    if !generator.payloads.isEmpty, generator.random.once(in: 2) { return sample(&generator) }
    var (front, back): ([UInt8], [UInt8]) = ([], [])
    for end in generator.ends where !generator.random.once(in: 10) {
      let piece = piece(end.size, &generator)
      if end.isPrefix { front += piece } else { back = piece + back }
    }
    let size: Int
    switch generator.random.number(in: 0...39) {
    case 0...12: size = 0
    case 13...20: size = generator.random.pick([1, 2, 3, 7, 8, 9, 16, 31, 32, 33])
    case 21...37: size = generator.random.number(in: 0...100)
    // About the MTU, also once filters have cut it.
    default:
      let limit = generator.random.pick([1_452, 1_472, 1_480]) + generator.random.number(in: -2...2)
      size = max(0, generator.random.once(in: 2) ? limit - front.count - back.count : limit)
    }
    let between = (0..<size).map { _ in UInt8(truncatingIfNeeded: generator.random.next()) }
    let payload = front + between + back
    // One byte too few, at either end.
    return generator.random.once(in: 20)
      ? Array(generator.random.once(in: 2) ? payload.dropFirst() : payload.dropLast()) : payload
  }

  /// One of the payloads that the test gives, or what nearly is one.
  private static func sample(_ generator: inout ChainGenerator) -> [UInt8] {
    var bytes = generator.random.pick(generator.payloads)
    if !bytes.isEmpty, generator.random.once(in: 4) {
      bytes[generator.random.number(in: 0...(bytes.count - 1))] ^= 1 << UInt8(generator.random.number(in: 0...7))
    }
    if generator.random.once(in: 6) { bytes.removeLast(generator.random.number(in: 0...bytes.count)) }
    if generator.random.once(in: 6) {
      bytes += (0..<generator.random.number(in: 1...64)).map { _ in UInt8(truncatingIfNeeded: generator.random.next()) }
    }
    return bytes
  }

  private static func piece(_ size: Int, _ generator: inout ChainGenerator) -> [UInt8] {
    if size == 1, generator.random.once(in: 2) { return [generator.random.pick(ChainGenerator.bytes)] }
    var bytes = Array(generator.string(size).utf8)
    if size > 0, generator.random.once(in: 10) {
      let place = generator.random.pick([0, size - 1, generator.random.number(in: 0...(size - 1))])
      bytes[place] ^= 1 << UInt8(generator.random.number(in: 0...7))
    }
    return bytes
  }
}

extension RandomCase {
  /// Cases that are one step smaller, those that leave out most first.
  var smaller: [RandomCase] {
    var result: [RandomCase] = []
    func with(_ change: (inout RandomCase) -> Void) {
      var copy = self
      change(&copy)
      result.append(copy)
    }
    if packets.count > 1 {
      let half = packets.count / 2
      with { $0.packets.removeFirst(half) }
      with { $0.packets.removeLast(half) }
      if packets.count <= 8 { for index in packets.indices { with { $0.packets.remove(at: index) } } }
    }
    for index in filters.indices { with { $0.filters.remove(at: index) } }
    for (index, filter) in filters.enumerated() {
      for smaller in filter.smaller { with { $0.filters[index] = smaller } }
    }
    guard packets.count <= 8 else { return result }
    if let last = endpoints.last, endpoints.count > 1, !packets.contains(where: { $0.source == last.address }) {
      with { $0.endpoints.removeLast() }
    }
    for index in endpoints.indices {
      for token in endpoints[index].tokens.indices { with { $0.endpoints[index].tokens.remove(at: token) } }
    }
    for (index, packet) in packets.enumerated() {
      var size = packet.payload.count / 2
      while size > 0 {
        for start in [0, (packet.payload.count - size) / 2, packet.payload.count - size] {
          with { $0.packets[index].payload.removeSubrange(start..<(start + size)) }
        }
        size /= 2
      }
      if packet.payload.count == 1 { with { $0.packets[index].payload = [] } }
    }
    return result
  }

  /// The smallest case that `fails` in at most so many tries.
  func shrunk(tries: Int = 400, _ fails: (RandomCase) -> Bool) -> RandomCase {
    var smallest = self
    var left = tries
    search: while left > 0 {
      for candidate in smallest.smaller {
        left -= 1
        if fails(candidate) {
          smallest = candidate
          continue search
        }
        if left == 0 { break }
      }
      break
    }
    return smallest
  }
}
