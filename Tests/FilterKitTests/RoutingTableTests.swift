import FilterKit
import Testing

/// Finding endpoints by token, as a filter does.
@Suite struct RoutingTableTests {
  private struct Route: Filter {
    static let name = "Route"
    private let key: MetadataKey

    init(options: inout Options, context: inout FilterContext) { key = context.key("token", setOn: .read) }

    func read(_ packet: inout Packet) -> Verdict {
      _ = packet.capture(at: 0, size: packet.count, as: key)
      return packet.addDestinations(withTokenIn: key) > 0 ? .forward : .drop(.tokenUnknown)
    }
  }

  /// Looks all tokens up, 64 in a batch. Empty stands for a drop.
  private static func find(_ tokens: [[UInt8]], in routing: RoutingTable) -> [[UInt32]] {
    let chain = Chain(Route.self)
    var batch = PacketBatch(keyCount: chain.keys.count, routing: routing, sheet: CounterSheet())
    return stride(from: 0, to: tokens.count, by: PacketBatch.capacity).flatMap { (start: Int) -> [[UInt32]] in
      let part = tokens[start..<min(start + PacketBatch.capacity, tokens.count)]
      batch.begin(.read, now: 0, wallClock: 0)
      for (index, token) in part.enumerated() {
        batch.receiveBuffer(index).copyBytes(from: token)
        batch.insert(index, size: token.count, from: SocketAddress(IPAddress(v4: 1), port: 1))
      }
      chain.run(.read, &batch)
      return part.indices.map { (index: Int) -> [UInt32] in
        var found: [UInt32] = []
        guard batch.livePackets >> UInt64(index - start) & 1 == 1 else { return [] }
        var destinations = batch.destinations(index - start)
        while let next = destinations.pop() { found.append(next) }
        return found
      }
    }
  }

  private static func table(_ tokens: [[[UInt8]]]) -> RoutingTable {
    RoutingTable(
      tokens.enumerated().map { number, tokens in
        RoutingTable.Endpoint(SocketAddress(IPAddress(v4: UInt32(number + 1)), port: 1), tokens: tokens)
      })
  }

  @Test func nothingIsFoundWithoutTokens() {
    #expect(Self.find([[], [1]], in: Self.table([])) == [[], []])
    #expect(Self.find([[], [1]], in: Self.table([[], []])) == [[], []])
  }

  @Test func theEmptyTokenIsAToken() {
    let table = Self.table([[[]], [[0]]])
    #expect(table.tokenCount == 2)
    #expect(Self.find([[], [0], [0, 0]], in: table) == [[0], [1], []])
  }

  /// Around the steps of eight bytes that the hash takes, and as long as a datagram.
  @Test(arguments: [1, 7, 8, 9, 15, 16, 17, 65_506])
  func tokensDifferInEachOfTheirBytes(size: Int) {
    let token = [UInt8](repeating: 7, count: size)
    let places = Set([0, 1, 6, 7, 8, size / 2, size - 1].filter { $0 < size })
    let others = places.sorted().map { place in
      var other = token
      other[place] = 8
      return other
    }
    let table = Self.table([[token]])
    #expect(Self.find([token], in: table) == [[0]])
    let near = others + [Array(token.dropLast()), token + [7], token + [0]]
    #expect(Self.find(near, in: table).joined().isEmpty)
  }

  @Test func manyTokensAreAllFound() {
    let tokens = (0..<20_000).map { Array("token \($0)".utf8) }
    let table = Self.table((0..<100).map { endpoint in (0..<200).map { tokens[endpoint * 200 + $0] } })
    #expect(table.tokenCount == 20_000)
    #expect(Self.find(tokens, in: table) == (0..<20_000).map { [UInt32($0 / 200)] })
    let unknown = (20_000..<21_000).map { Array("token \($0)".utf8) }
    #expect(Self.find(unknown, in: table).joined().isEmpty)
  }

  @Test func aTokenOfSeveralEndpointsLeadsToEachOnce() {
    let table = Self.table([[[1], [1]], [[2]], [[2], [1]]])
    #expect(table.tokenCount == 2)
    #expect(Self.find([[1], [2]], in: table) == [[0, 2], [1, 2]])
  }
}
