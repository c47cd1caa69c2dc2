import FilterKit
import Filters
import Testing

@Suite struct TimestampTests {
  /// The upper bounds of the buckets that packets with these times fell into, and the sum of ages, all in milliseconds.
  private func observed(
    _ seconds: [Int64], at wallClock: Int64
  ) throws -> (bounds: [UInt64?], sum: UInt64) {
    let fixture = try Fixture([
      ["name": "Capture", "config": ["metadataKey": "time", "suffix": ["size": 8, "remove": true]]],
      ["name": "Timestamp", "config": ["metadataKey": "time"]],
    ])
    for time in seconds {
      let bytes = withUnsafeBytes(of: time.bigEndian) { Array($0) }
      #expect(fixture.run(.read, bytes, wallClock: wallClock) != nil)
    }
    let (family, totals) = try #require(
      fixture.metrics.snapshot().first { $0.family.name == "proxy_timestamp_age_seconds" })
    guard case .histogram(let histogram, let scale) = family.series[0].kind else {
      Issue.record("not a histogram")
      return ([], 0)
    }
    #expect(scale == 1e-3)
    let bounds = (0...histogram.bucketCount).flatMap { bucket in
      Array(
        repeating: bucket < histogram.bucketCount ? histogram.bound(ofBucket: bucket) : nil,
        count: Int(totals[0][Int(bucket)]))
    }
    return (bounds, totals[0].last ?? 0)
  }

  @Test func anAgeFallsIntoItsBucket() throws {
    let (bounds, sum) = try observed([1_000, 999, 990], at: 1_000_250_000_000)
    // 250 ms, 1250 ms, 10250 ms.
    #expect(bounds == [256, 2_048, 16_384])
    #expect(sum == 250 + 1_250 + 10_250)
  }

  @Test func theFutureIsNoAge() throws {
    let (bounds, sum) = try observed([1_001, 2_000_000_000, .max], at: 1_000_250_000_000)
    #expect(bounds == [1, 1, 1])
    #expect(sum == 0)
  }

  @Test func theFarPastIsInTheOpenBucket() throws {
    let (bounds, _) = try observed([0, -1, .min, .min + 1], at: 1_700_000_000_000_000_000)
    #expect(bounds == [nil, nil, nil, nil])
  }

  @Test func theEndsOfTheClock() throws {
    for clock in [Int64.min, -1, 0, .max] {
      let (bounds, _) = try observed([.min, 0, .max], at: clock)
      #expect(bounds.count == 3)
    }
  }

  /// A filter may also set a number; nothing that is built in does.
  private struct NumberSetter: Filter {
    static let name = "NumberSetter"
    private let key: MetadataKey
    private let number: UInt64

    init(options: inout Options, context: inout FilterContext) {
      key = context.key("time", setOn: .read, .write)
      number = UInt64(options.string("number")) ?? 0
    }

    func read(_ packet: inout Packet) -> Verdict {
      packet.set(key, number: number)
      return .forward
    }

    func write(_ packet: inout Packet) -> Verdict { read(&packet) }
  }

  @Test(arguments: [(UInt64(990), UInt64(10_250)), (1_001, 0), (.max, 0), (1 << 63, 0)], [Direction.read, .write])
  func aNumberIsSeconds(_ example: (number: UInt64, age: UInt64), _ direction: Direction) throws {
    var registry = FilterRegistry.builtin
    registry.register(NumberSetter.self)
    let setter: ConfigurationNode = [
      "name": "NumberSetter", "config": ["number": .init(stringLiteral: "\(example.number)")],
    ]
    let timestamp: ConfigurationNode = ["name": "Timestamp", "config": ["metadataKey": "time"]]
    let fixture = try Fixture(direction == .read ? [setter, timestamp] : [timestamp, setter], registry: registry)
    #expect(fixture.run(direction, wallClock: 1_000_250_000_000) != nil)
    let totals = fixture.metrics.snapshot().first { $0.family.name == "proxy_timestamp_age_seconds" }?.totals.first
    #expect(totals?.dropLast().reduce(0, +) == 1)
    #expect(totals?.last == example.age)
  }
}
