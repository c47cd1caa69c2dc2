import Testing

@testable import Filters

/// What the clock says decides whether a datagram is dropped, and on a busy virtual machine the clock has gaps.
@Suite struct SearchTimeTests {
  private static let millisecond: UInt64 = 1_000_000

  /// Ends windows that take these milliseconds. The number of windows until the search ended, or nil where it went on.
  private static func windows(_ times: [UInt64], hasLongSteps: Bool = false) -> Int? {
    var search = SearchTime(size: 60_000, hasLongSteps: hasLongSteps)
    var now: UInt64 = 5_000
    _ = search.endWindow(at: now)
    for (index, time) in times.enumerated() {
      now += time * millisecond
      if !search.endWindow(at: now) { return index + 1 }
    }
    return nil
  }

  @Test func slowWindowsEndASearch() {
    #expect(Self.windows(Array(repeating: 1, count: 100)) == 17)
    #expect(Self.windows(Array(repeating: 3, count: 100)) == 6)
  }

  @Test func gapsOfTheMachineDoNot() {
    #expect(Self.windows([0, 1_000, 0, 0, 500, 0, 1, 300, 0]) == nil)
    #expect(Self.windows(Array(repeating: 1_000, count: 100)) == 5)
  }

  @Test func aLongWindowIsEnoughWhereStepsAreLong() {
    #expect(Self.windows([0, 17, 0], hasLongSteps: true) == 2)
  }

  @Test func quickWindowsGrow() {
    var search = SearchTime(size: 60_000, hasLongSteps: false)
    var sizes: [Int] = []
    for time in 0..<6 {
      _ = search.endWindow(at: UInt64(time) * 10_000)
      sizes.append(search.window)
    }
    #expect(sizes == [32, 64, 128, 256, 512, 512])
    _ = search.endWindow(at: Self.millisecond)
    #expect(search.window == 32)
  }

  @Test(arguments: [(1_000, 512), (16_000, 4), (65_507, 1)])
  func windowsAreSmallForLargeDatagramsWhereStepsAreLong(_ size: UInt32, _ places: Int) {
    var search = SearchTime(size: size, hasLongSteps: true)
    for time in 0..<6 { _ = search.endWindow(at: UInt64(time) * 10_000) }
    #expect(search.window == places)
  }
}
