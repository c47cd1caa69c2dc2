import Glibc

/// What a process has allocated, retained and released: the `struct counters` of `Counter/count.c`.
struct AllocationCounts: Equatable {
  var allocations: UInt64 = 0
  var frees: UInt64 = 0
  var objects: UInt64 = 0
  var retains: UInt64 = 0
  var releases: UInt64 = 0
  var accesses: UInt64 = 0

  static func - (later: Self, earlier: Self) -> Self {
    Self(
      allocations: later.allocations &- earlier.allocations, frees: later.frees &- earlier.frees,
      objects: later.objects &- earlier.objects, retains: later.retains &- earlier.retains,
      releases: later.releases &- earlier.releases, accesses: later.accesses &- earlier.accesses)
  }
}
