import FilterKit
import Testing

@Suite struct MetricsTests {
  @Test func oneSeriesHasOnePlace() {
    let metrics = Metrics()
    let first = metrics.counter("a_total", help: "A.", labels: [("x", "1")])
    #expect(metrics.counter("a_total", help: "A.", labels: [("x", "1")]) == first)
    #expect(metrics.counter("a_total", help: "A.", labels: [("x", "2")]) != first)
    #expect(metrics.counter("a_total", help: "A.", labels: [("y", "1")]) != first)
    #expect(metrics.counter("b_total", help: "B.", labels: [("x", "1")]) != first)
    #expect(metrics.dropRow(filter: "f") == metrics.dropRow(filter: "f"))
    #expect(metrics.dropRow(filter: "f") != metrics.dropRow(filter: "g"))
    let family = metrics.snapshot().map(\.family).filter { $0.name == "a_total" }
    #expect(family.count == 1)
    #expect(family.first?.series.count == 3)
  }

  @Test func sheetsAreSummedAndStay() {
    let metrics = Metrics()
    let counter = metrics.counter("a_total", help: "A.")
    metrics.makeSheet().add(2, to: counter)
    let sheet = metrics.makeSheet()
    sheet.add(3, to: counter)
    sheet.add(4, to: counter)
    #expect(metrics.total(counter) == 9)
    sheet.set(counter, to: 1)
    #expect(metrics.total(counter) == 3)
  }

  /// Buckets up to 8, 16, 32 and the open one: a bound belongs to its bucket.
  @Test(arguments: [
    (UInt64(0), 0), (1, 0), (7, 0), (8, 0), (9, 1), (16, 1), (17, 2), (32, 2), (33, 3), (1 << 40, 3), (.max, 3),
  ])
  func aValueFallsIntoTheBucketOfTheNextBound(value: UInt64, bucket: Int) throws {
    let metrics = Metrics()
    let histogram = metrics.histogram("h", help: "H.", smallestExponent: 3, bucketCount: 3, scale: 1)
    #expect((0..<3).map { histogram.bound(ofBucket: $0) } == [8, 16, 32])
    var batch = PacketBatch(keyCount: 0, routing: RoutingTable([]), sheet: metrics.makeSheet())
    batch.begin(.read, now: 0, wallClock: 0)
    batch.insert(0, size: 0, from: SocketAddress(IPAddress(v4: 1), port: 1))
    batch.packet(0).observe(value, in: histogram)
    let totals = try #require(metrics.snapshot().first?.totals.first)
    #expect(totals.count == 5)
    #expect(totals.dropLast().firstIndex(of: 1) == bucket)
    #expect(totals.dropLast().reduce(0, +) == 1)
    #expect(totals.last == value)
  }

  /// What no longer fits is counted nowhere, and above all not in the cells of others.
  @Test func whatNoLongerFitsHarmsNothing() {
    let metrics = Metrics()
    let early = (0..<200).map { metrics.counter("early_total", help: "E.", labels: [("n", "\($0)")]) }
    for number in 0..<CounterSheet.capacity {
      _ = metrics.counter("many_total", help: "M.", labels: [("n", "\(number)")])
    }
    let sheet = metrics.makeSheet()
    let lateRow = metrics.dropRow(filter: "late")
    let late = metrics.histogram("late", help: "L.", smallestExponent: 0, bucketCount: 60, scale: 1)
    for reason in 0..<UInt32(DropReason.count) { sheet.add(1, to: lateRow[DropReason(rawValue: reason)]) }
    var batch = PacketBatch(keyCount: 0, routing: RoutingTable([]), sheet: sheet)
    batch.begin(.read, now: 0, wallClock: 0)
    batch.insert(0, size: 0, from: SocketAddress(IPAddress(v4: 1), port: 1))
    for bucket in 0...60 { batch.packet(0).observe(UInt64(1) << UInt64(bucket), in: late) }
    let totals = early.map { metrics.total($0) }
    #expect(totals == Array(repeating: 0, count: 200))
    let shown = metrics.snapshot().flatMap(\.totals).flatMap(\.self)
    #expect(shown.max() == 0)
    let names = metrics.snapshot().map(\.family.name)
    #expect(!names.contains("late"))
  }
}

extension MetricsTests {
  @Test func aFilterNamesItsOwnReasons() throws {
    let metrics = Metrics()
    func shown() throws -> [String] {
      let family = try #require(metrics.snapshot().first { $0.family.name == Metrics.drops }).family
      return family.series.compactMap { $0.labels.last?.value }
    }
    let row = metrics.dropRow(filter: "f", reasons: ["bad_version", "too_old"])
    metrics.makeSheet().add(3, to: row[.custom(1)])
    #expect(try shown().count == DropReason.count - 1)
    #expect(try shown().suffix(4) == ["bad_version", "too_old", "custom_2", "custom_3"])
    #expect(metrics.total(row[.custom(1)]) == 3)
    // One past the last is the last, and no other reason's.
    #expect(DropReason.custom(4) == .custom(3))
    // Another kind of filter under the same label has other names.
    #expect(metrics.dropRow(filter: "f", reasons: ["other"]) == row)
    #expect(try shown().suffix(4) == ["other", "too_old", "custom_2", "custom_3"])
  }

  @Test func whatARetiredSheetCountedStays() {
    let metrics = Metrics()
    let counter = metrics.counter("a_total", help: "A.")
    let other = metrics.counter("b_total", help: "B.")
    metrics.makeSheet().add(1, to: other)
    for number in 1...3 {
      let sheet = metrics.makeSheet()
      sheet.add(UInt64(number), to: counter)
      metrics.retire(sheet)
      // It is not in the register any more.
      sheet.add(100, to: counter)
      metrics.retire(sheet)
    }
    #expect(metrics.total(counter) == 6)
    #expect(metrics.total(other) == 1)
  }
}
