import FilterKit

/// The memory that the filters' state shares with the kernel's program, and which cells of it are whose.
struct KernelCells {
  private var regions = CellRegions()
  private var memory: CellMemory?
  private var placeCapacity = 0
  private var states: [any KernelState] = []
  private var firsts: [UInt32] = []
  /// The states, by their number, that are not in the memory yet.
  private var new: [Int] = []
  private var freed: [UInt32] = []
  private var clock: PeriodicJob?

  /// How many cells a map has to have for all states.
  var capacity: Int { max(regions.end, memory?.capacity ?? 0) }

  /// Gives each state of a chain its first cell.
  mutating func assign(_ states: [any KernelState]) -> [UInt32] {
    let result = regions.assign(states)
    self.states = states
    firsts = result.firsts
    new = result.new
    freed = result.freed
    return firsts
  }

  /// Whether the maps that there are do not hold all.
  func needsMaps(_ sizes: KernelMaps.Sizes) -> Bool {
    guard let memory else { return true }
    return memory.capacity < sizes.cells || placeCapacity < sizes.cellPlaces
  }

  /// Brings the states into the maps of a program that was loaded.
  mutating func move(_ tables: KernelTables, to maps: KernelMaps, _ sizes: KernelMaps.Sizes) throws(KernelPathError) {
    let states = tables.states
    if needsMaps(sizes) {
      memory = try CellMemory(maps.cells.number, capacity: sizes.cells)
      placeCapacity = sizes.cellPlaces
      new = Array(states.indices)
    } else {
      CellPlaceMap.forget(Set(freed), in: maps.cellPlaces)
    }
    memory!.setClock()
    // The time of day may be set, and drifts.
    clock = nil
    if tables.readsWallClock {
      clock = try PeriodicJob("clock", every: .seconds(1)) { [memory] in memory!.setClock() }
    }
    for index in new {
      let places = CellPlaceMap(descriptor: maps.cellPlaces, first: firsts[index])
      states[index].move(to: memory!.state(from: firsts[index], places: places))
    }
  }

  /// Lets it be another time of day, in seconds since 1970, for good.
  mutating func setClock(to seconds: Int64) {
    clock = nil
    memory?.setClock(to: seconds)
  }

  /// Takes the states back: the kernel has no part in them any more.
  func giveBack() {
    for state in states { state.move(to: StateMemory(cellCount: state.cellCount)) }
  }
}
