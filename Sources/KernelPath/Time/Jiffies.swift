import Glibc

/// The kernel's ticks.
enum Jiffies {
  /// How many a second has (`CONFIG_HZ`). The kernel says it as the resolution of its coarse clocks, which move once a tick.
  static let perSecond: UInt64 = {
    var tick = timespec()
    guard clock_getres(CLOCK_MONOTONIC_COARSE, &tick) == 0, tick.tv_sec == 0, tick.tv_nsec > 0 else { return 100 }
    return (1_000_000_000 + UInt64(tick.tv_nsec) / 2) / UInt64(tick.tv_nsec)
  }()

  static func count(milliseconds: UInt64) -> UInt64 { max(1, milliseconds * perSecond / 1_000) }
}
