import CDataPath
import FilterKit

/// Which cells belong to which state. A state that is in two configurations, one after the other, keeps its cells.
struct CellRegions {
  private struct Region {
    let state: any KernelState
    let first: UInt32
    let count: UInt32
    /// How many configurations ago it was last used.
    var age = 0

    var end: UInt32 { first + count }
  }

  /// In the order of their cells.
  private var regions: [Region] = []

  /// How many cells there must be for all that has a place.
  var end: Int { Int(regions.last?.end ?? UInt32(CLOCK_CELL) + 1) }

  /// How many entries the kernel may have to hold for all that has a place.
  var entryCapacity: Int { regions.reduce(0) { $0 + $1.state.entryCapacity } }

  /// Gives each state its first cell. What a configuration before the last one had is free again: a worker may have used it until
  /// now.
  ///
  /// - Returns: the first cells, in the order of the states; which of the states are new; the states that lost their cells, and their
  ///   first cells.
  mutating func assign(
    _ states: [any KernelState]
  ) -> (firsts: [UInt32], new: [Int], freed: [(state: any KernelState, first: UInt32)]) {
    let used = regions.filter { $0.age == 0 }
    let isAnother = Set(used.map { ObjectIdentifier($0.state) }) != Set(states.map { ObjectIdentifier($0) })
    for index in regions.indices where isAnother {
      let isUsed = states.contains { $0 === regions[index].state }
      regions[index].age = isUsed ? 0 : regions[index].age + 1
    }
    let freed = regions.filter { $0.age > 1 }.map { ($0.state, $0.first) }
    regions.removeAll { $0.age > 1 }
    var new: [Int] = []
    let firsts = states.enumerated().map { index, state in
      if let region = regions.first(where: { $0.state === state }) { return region.first }
      new.append(index)
      return place(state)
    }
    return (firsts, new, freed)
  }

  /// The first gap that is large enough.
  private mutating func place(_ state: any KernelState) -> UInt32 {
    let count = UInt32(max(1, state.cellCount))
    var first = UInt32(CLOCK_CELL) + 1
    var index = 0
    while index < regions.count, regions[index].first - first < count {
      first = regions[index].end
      index += 1
    }
    regions.insert(Region(state: state, first: first, count: count), at: index)
    return first
  }
}
