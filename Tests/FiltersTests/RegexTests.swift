import FilterKit
import Glibc
import Testing

/// A regular expression must end soon, whatever clients send.
@Suite struct RegexTests {
  /// Patterns and payloads that take for ever without limits: exponential, and quadratic or worse over many starting places.
  @Test(arguments: [
    ("(a+)+$", "a", 60_000, "b"),
    ("(a|aa)+$", "a", 60_000, "b"),
    ("(?:a*)*[bc]", "a", 60_000, "d"),
    ("a*[bc]", "a", 65_000, "d"),
    ("a*a*[bc]", "a", 65_000, "d"),
    ("(?s)(.*)(.*)(.*)[\\x01\\x02]", "ab", 32_000, "d"),
    // Blocks that each stay just under the limit of one starting place.
    ("a*a*[bc]", String(repeating: "a", count: 440) + "x", 148, ""),
    ("(x+x+)+y", "x", 60_000, ""),
  ])
  func endsInMilliseconds(_ pattern: String, _ piece: String, _ count: Int, _ end: String) throws {
    let fixture = try Fixture([["name": "Capture", "config": ["regex": ["pattern": .init(stringLiteral: pattern)]]]])
    let payload = Array((String(repeating: piece, count: count) + end).utf8)
    let before = Self.processorTime()
    #expect(fixture.run(.read, payload) == nil)
    let milliseconds = (Self.processorTime() - before) / 1_000_000
    // It takes some 20 ms; the bound leaves room for a slow machine and for sanitizers, and is far below what no limit would take.
    #expect(milliseconds < 500)
  }

  /// What these scan is not counted as steps. Without smaller windows it takes ten seconds and more: some 80 milliseconds for each of 128
  /// places at the start, or of 512 behind a stretch that goes quickly.
  @Test(arguments: [
    ("(?:(?=a*+)a)*[bc]", 0), ("(?:(?=a*+)a)*[bc]", 5_000), ("(?:a*+c|a)*[bc]", 5_000), ("(?:(?>a*)c|a)*[bc]", 0),
    ("(?:(?!a*d)a)*[bc]", 5_000),
  ])
  func endsWithinSecondsWhereStepsAreLong(_ pattern: String, _ quickPlaces: Int) throws {
    let fixture = try Fixture([["name": "Capture", "config": ["regex": ["pattern": .init(stringLiteral: pattern)]]]])
    let payload =
      Array(repeating: UInt8(ascii: "x"), count: quickPlaces) + Array(repeating: UInt8(ascii: "a"), count: 16_000)
    let before = Self.processorTime()
    #expect(fixture.run(.read, payload) == nil)
    // It takes 0.2 to 1 second.
    #expect((Self.processorTime() - before) / 1_000_000 < 8_000)
  }

  @Test func aLimitIsCountedAndTheNextPacketIsServed() throws {
    let fixture = try Fixture([["name": "Capture", "config": ["regex": ["pattern": "(a+)+$"]]]])
    for _ in 0..<3 { #expect(fixture.run(.read, Array(repeating: 0x61, count: 60_000) + [0x62]) == nil) }
    #expect(fixture.total("proxy_capture_regex_limit_total") == 3)
    #expect(fixture.run(.read, Array("aaa".utf8)) != nil)
    #expect(fixture.total("proxy_capture_regex_limit_total") == 3)
  }

  /// A long payload of ordinary text, searched with an ordinary pattern, does not come near the limits.
  @Test func ordinarySearchesAreNotLimited() throws {
    let fixture = try Fixture([["name": "Capture", "config": ["regex": ["pattern": "(?s)token=([a-z]+);.*end$"]]]])
    let filler = String(repeating: "some text that is like a tok=en; ", count: 1_900)
    #expect(fixture.run(.read, Array((filler + "token=abc;" + "end").utf8)) != nil)
    #expect(fixture.total("proxy_capture_regex_limit_total") == 0)
  }

  @Test func workersShareAPattern() async throws {
    let fixture = try Fixture([["name": "Capture", "config": ["regex": ["pattern": "[0-9]+$"]]]])
    let chain = fixture.chain
    let metrics = fixture.metrics
    await withTaskGroup(of: Int.self) { group in
      for worker in 0..<4 { group.addTask { Self.passed(chain, metrics, worker) } }
      for await passed in group { #expect(passed == 64 * 100 / 2) }
    }
  }

  /// Every other packet ends with a number.
  private static func passed(_ chain: Chain, _ metrics: Metrics, _ worker: Int) -> Int {
    var batch = PacketBatch(keyCount: chain.keys.count, routing: RoutingTable([]), sheet: metrics.makeSheet())
    var passed = 0
    for _ in 0..<100 {
      batch.begin(.read, now: 0, wallClock: 0)
      for index in 0..<64 {
        let payload = Array((index.isMultiple(of: 2) ? "worker \(worker)" : "worker").utf8)
        batch.receiveBuffer(index).copyBytes(from: payload)
        batch.insert(index, size: payload.count, from: .client)
      }
      chain.run(.read, &batch)
      passed += batch.livePackets.nonzeroBitCount
    }
    return passed
  }

  private static func processorTime() -> UInt64 {
    var clock = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &clock)
    return UInt64(clock.tv_sec) * 1_000_000_000 + UInt64(clock.tv_nsec)
  }
}
