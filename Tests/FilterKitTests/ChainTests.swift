import Testing

@testable import FilterKit

@Suite struct ChainTests {
  private struct Nothing: Filter {
    static let name = "Nothing"
    init(options: inout Options, context: inout FilterContext) {}
  }

  /// Drops are counted by label, so no two filters may share one.
  @Test(
    arguments: [
      ([nil], ["Nothing"]), ([nil, nil, nil], ["Nothing", "Nothing#2", "Nothing#3"]),
      (["a", "a", nil], ["a", "a#2", "Nothing"]), (["Nothing", nil], ["Nothing", "Nothing#2"]),
      (["a#2", "a", "a", "a"], ["a#2", "a", "a#3", "a#4"]), (["a", "a", "a#2"], ["a", "a#2", "a#2#2"]),
    ] as [([String?], [String])])
  func labelsAreUnique(written: [String?], given: [String]) {
    #expect(Chain(written.map { (Nothing.self, $0) }).nodes.map(\.label) == given)
  }

  private struct Slow: Filter {
    static let name = "Slow"
    init(options: inout Options, context: inout FilterContext) {}
    func read(_ packet: inout Packet) -> Verdict {
      // 20 microseconds at least.
      let end = SystemClock.monotonic + 20_000
      while SystemClock.monotonic < end {}
      return .forward
    }
  }

  @Test func theTimeOfAFilterIsCounted() throws {
    let metrics = Metrics()
    let chain = Chain(Slow.self, metrics: metrics)
    var batch = PacketBatch(keyCount: 0, routing: RoutingTable([]), sheet: metrics.makeSheet())
    for _ in 0..<128 {
      batch.begin(.read, now: 0, wallClock: 0)
      batch.insert(0, size: 0, from: SocketAddress(IPAddress(v4: 1), port: 1))
      chain.run(.read, &batch)
    }
    // Two of the batches stand for all.
    #expect(metrics.total(chain.nodes[0].time) >= 128 * 20_000)
  }
}
