/// The processor time that the search of one datagram takes, and how often to read it.
///
/// The clock is read after each window of starting places. A window that was quick lets the next one be larger.
struct SearchTime {
  /// The time for one datagram behind its first window, in nanoseconds.
  private static let limit: UInt64 = 16_000_000
  /// What one window counts at most, in nanoseconds. The processor time of a virtual machine has in it what its host took away: one
  /// such gap must not end a search.
  private static let windowLimit: UInt64 = 4_000_000
  private static let quickWindow: UInt64 = 50_000
  private static let windows = 32...512

  /// The next window, in starting places.
  private(set) var window: Int
  private let windows: ClosedRange<Int>
  private let windowLimit: UInt64
  private var last: UInt64?
  private var used: UInt64 = 0

  /// For a datagram of `size` bytes. Where steps are long a single place can take a second: windows are smaller there, and one of
  /// them is enough to end the search.
  init(size: UInt32, hasLongSteps: Bool) {
    let largest = hasLongSteps ? Self.placesInQuarterSecond(size) : Self.windows.upperBound
    windows = min(Self.windows.lowerBound, largest)...largest
    window = windows.lowerBound
    windowLimit = hasLongSteps ? .max : Self.windowLimit
  }

  /// How many starting places take about a quarter of a second where each of them scans the rest of the datagram at each of its bytes.
  private static func placesInQuarterSecond(_ size: UInt32) -> Int {
    let bytes = UInt64(size) &* UInt64(size)
    return Int(min(max(1, (1 << 30) / max(1, bytes)), UInt64(windows.upperBound)))
  }

  /// Counts the window that ended at `time`, in nanoseconds of processor time. False when the time is used up.
  mutating func endWindow(at time: UInt64) -> Bool {
    if let last {
      let taken = time &- last
      window = taken < Self.quickWindow ? min(window &* 2, windows.upperBound) : windows.lowerBound
      used &+= min(taken, windowLimit)
    }
    last = time
    return used <= Self.limit
  }
}
