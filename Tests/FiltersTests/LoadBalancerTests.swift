import FilterKit
import Testing

@Suite struct LoadBalancerTests {
  private func fixture(_ policy: String, _ endpoints: [Int]) throws -> Fixture {
    try Fixture(
      [["name": "LoadBalancer", "config": ["policy": .init(stringLiteral: policy)]]],
      endpoints: endpoints.map { .server($0) })
  }

  @Test func roundRobinIsExact() throws {
    let fixture = try fixture("ROUND_ROBIN", [1, 2, 3])
    for packet in 0..<300 { #expect(fixture.run() == [UInt32(packet % 3)]) }
  }

  /// Workers share the turns: whatever the order, each endpoint gets its exact share.
  @Test func roundRobinIsExactAcrossWorkers() async throws {
    let fixture = try fixture("ROUND_ROBIN", [1, 2, 3, 4])
    let chain = fixture.chain
    let metrics = fixture.metrics
    let routing = RoutingTable((1...4).map { .server($0) })
    let counts = await withTaskGroup(of: [Int].self) { group in
      for _ in 0..<4 {
        group.addTask {
          var batch = PacketBatch(keyCount: 0, routing: routing, sheet: metrics.makeSheet())
          var counts = [0, 0, 0, 0]
          for round in 0..<200 {
            batch.begin(.read, now: 0, wallClock: 0)
            // Batches of all sizes, and in sum a multiple of four.
            for index in 0...(round % 64) { batch.insert(index, size: 0, from: .client) }
            chain.run(.read, &batch)
            for index in 0...(round % 64) {
              var destinations = batch.destinations(index)
              while let endpoint = destinations.pop() { counts[Int(endpoint)] += 1 }
            }
          }
          return counts
        }
      }
      return await group.reduce([0, 0, 0, 0]) { sum, part in zip(sum, part).map { $0 + $1 } }
    }
    let total = counts.reduce(0, +)
    #expect(total == 4 * (0..<200).reduce(0) { $0 + $1 % 64 + 1 })
    #expect(counts.allSatisfy { $0 == total / 4 })
  }

  @Test(arguments: ["HASH", "RANDOM"], [2, 3, 7, 10])
  func spreadsEvenly(_ policy: String, _ count: Int) throws {
    let fixture = try fixture(policy, Array(1...count))
    var counts = Array(repeating: 0, count: count)
    let clients = 20_000
    for client in 0..<clients {
      let chosen = try #require(fixture.run(from: .client(client)))
      #expect(chosen.count == 1)
      counts[Int(chosen[0])] += 1
    }
    // Six standard deviations of a fair choice.
    let share = Double(clients) / Double(count)
    let deviation = (share * (1 - 1 / Double(count))).squareRoot() * 6
    for count in counts { #expect(abs(Double(count) - share) < deviation) }
  }

  @Test func hashIsTheSameForOneClient() throws {
    let fixture = try fixture("HASH", Array(1...10))
    for client in 0..<100 {
      let first = fixture.run(from: .client(client))
      for _ in 0..<3 { #expect(fixture.run(from: .client(client)) == first) }
    }
  }

  @Test(arguments: [10, 100]) func consistentHashSpreadsEvenly(_ count: Int) throws {
    let fixture = try fixture("CONSISTENT_HASH", Array(1...count))
    var counts = Array(repeating: 0, count: count)
    let clients = 50_000
    for client in 0..<clients { counts[Int(try #require(fixture.run(from: .client(client))?.first))] += 1 }
    // Each endpoint has 160 places on the ring, which gives shares with a standard deviation of 8 %.
    let share = Double(clients) / Double(count)
    for count in counts { #expect(abs(Double(count) - share) < share * 0.4) }
  }

  /// When one of n endpoints goes, its clients move, and nobody else.
  @Test(arguments: [2, 10, 11, 41, 100], [1, 2]) func consistentHashMovesFew(_ count: Int, _ gone: Int) throws {
    let before = try fixture("CONSISTENT_HASH", Array(1...count))
    let left = Array(1...count).filter { $0 != gone }
    let after = try fixture("CONSISTENT_HASH", left)
    let clients = 20_000
    var moved = 0
    var movedOfOthers = 0
    for client in 0..<clients {
      let old = Int(try #require(before.run(from: .client(client))?.first)) + 1
      let new = left[Int(try #require(after.run(from: .client(client))?.first))]
      if old != new { moved += 1 }
      if old != new, old != gone { movedOfOthers += 1 }
    }
    #expect(Double(moved) <= Double(clients) * 1.5 / Double(count))
    #expect(Double(moved) >= Double(clients) * 0.5 / Double(count))
    #expect(movedOfOthers == 0)
  }
}
