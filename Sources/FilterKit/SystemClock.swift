import Glibc

/// The clocks of the system, in nanoseconds.
package enum SystemClock {
  /// `CLOCK_MONOTONIC`, which `bpf_ktime_get_ns` reads too.
  package static var monotonic: UInt64 {
    let time = read(CLOCK_MONOTONIC)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  /// Since 1970 (UTC).
  package static var wall: Int64 {
    let time = read(CLOCK_REALTIME)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  @inline(__always) private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(clock, &time)
    return time
  }
}
