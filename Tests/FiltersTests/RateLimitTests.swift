import FilterKit
import Testing

@testable import Filters

@Suite struct RateLimitTests {
  private static let second: UInt64 = 1_000_000_000

  private func key(_ number: Int) -> RateLimitKey {
    RateLimitKey(ip: IPAddress(v4: UInt32(number)), portAndScope: 40_000)
  }

  /// Four threads hammer a few keys; in each window exactly the limit of each key gets through.
  @Test func neverLetsMoreThanTheLimitThrough() async throws {
    let limit = 100
    let table = RateLimitTable(
      RateLimit(maximumPackets: UInt64(limit), period: Int64(Self.second)), maximumKeys: 1_000_000)
    for window in 1...20 {
      let now = UInt64(window) * 2 * Self.second
      let admitted = await withTaskGroup(of: [Int].self) { group in
        for _ in 0..<4 {
          group.addTask {
            var admitted = [0, 0, 0]
            for packet in 0..<600 where table.admit(self.key(packet % 3), now: now).isAdmitted {
              admitted[packet % 3] += 1
            }
            return admitted
          }
        }
        return await group.reduce([0, 0, 0]) { sum, part in zip(sum, part).map { $0 + $1 } }
      }
      #expect(admitted == [limit, limit, limit])
    }
  }

  /// Threads that also make the table grow and evict keep it whole: nothing is lost, and no key gets more than its limit.
  @Test func staysWholeUnderThreads() async throws {
    let table = RateLimitTable(RateLimit(maximumPackets: 1, period: Int64(Self.second)), maximumKeys: 1_000_000)
    let admitted = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          (0..<20_000).count { table.admit(self.key($0), now: 5).isAdmitted }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(admitted == 20_000)
  }

  @Test func oldestWindowGoesFirst() {
    let table = RateLimitTable(RateLimit(maximumPackets: 1, period: Int64(100 * Self.second)), maximumKeys: 100)
    for number in 0..<100 { #expect(table.admit(key(number), now: UInt64(number)) == .admitted) }
    for number in 0..<100 { #expect(table.admit(key(number), now: 200) == .refused) }
    // Each new key takes the place of the oldest one that is left; the others are still known.
    for number in 0..<100 {
      #expect(table.admit(key(1_000 + number), now: 300 + UInt64(number)) == .admittedAfterEviction)
      if number < 99 { #expect(table.admit(key(number + 1), now: 400) == .refused) }
      #expect(table.admit(key(1_000 + number), now: 400) == .refused)
    }
    #expect(table.admit(key(0), now: 500) == .admittedAfterEviction)
  }

  @Test func aWindowThatIsOverIsUsedBeforeAnythingIsEvicted() {
    let table = RateLimitTable(RateLimit(maximumPackets: 1, period: Int64(Self.second)), maximumKeys: 4)
    for round in 0..<50 {
      let now = UInt64(round) * Self.second
      for number in 0..<4 { #expect(table.admit(key(round * 4 + number), now: now) == .admitted) }
    }
  }

  @Test func evictionsWithALimitOfNothing() {
    let table = RateLimitTable(RateLimit(maximumPackets: 0, period: Int64(Self.second)), maximumKeys: 1)
    #expect(table.admit(key(1), now: 0) == .refused)
    #expect(table.admit(key(2), now: 0) == .refusedAfterEviction)
  }

  /// Workers read the clock once a batch, so one is behind another now and then. That must not look like a long time.
  @Test func aClockThatIsALittleBehindDoesNotOpenAWindow() {
    let table = RateLimitTable(RateLimit(maximumPackets: 1, period: Int64(Self.second)), maximumKeys: 4)
    #expect(table.admit(key(1), now: 1_000) == .admitted)
    #expect(table.admit(key(1), now: 999) == .refused)
    #expect(table.admit(key(1), now: 0) == .refused)
    #expect(table.admit(key(1), now: 1_000 + Self.second) == .admitted)
  }

  /// A table of a million keys holds nearly as many at once, whatever shards they fall into.
  @Test func holdsAboutAMillionKeys() {
    let table = RateLimitTable(RateLimit(maximumPackets: 1, period: Int64(Self.second)), maximumKeys: 1_000_000)
    var evictions = 0
    for number in 0..<960_000 where table.admit(key(number), now: 1).isAfterEviction { evictions += 1 }
    #expect(evictions == 0)
    for number in 960_000..<1_060_000 where table.admit(key(number), now: 1).isAfterEviction { evictions += 1 }
    #expect(evictions >= 60_000)
  }
}
