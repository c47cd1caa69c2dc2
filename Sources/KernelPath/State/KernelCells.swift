import FilterKit

/// The memory that the filters' state shares with the kernel's program, and which cells of it are whose.
struct KernelCells {
  private var regions = CellRegions()
  private var memory: CellMemory?
  private var placeCapacity = 0
  private var entryRoom = 0
  private var states: [any KernelState] = []
  private var firsts: [UInt32] = []
  /// The states, by their number, that are not in the memory yet.
  private var new: [Int] = []
  private var freed: [(state: any KernelState, first: UInt32)] = []
  private var clock: PeriodicJob?

  /// How many cells a map has to have for all states.
  var capacity: Int { max(regions.end, memory?.capacity ?? 0) }

  /// How many entries a map has to have for all states.
  var entryCapacity: Int { max(regions.entryCapacity, entryRoom) }

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
    return memory.capacity < sizes.cells || placeCapacity < sizes.cellPlaces || entryRoom < sizes.stateEntries
  }

  /// Brings the states into the maps of a program that was loaded.
  mutating func move(_ tables: KernelTables, to maps: KernelMaps, _ sizes: KernelMaps.Sizes) throws(KernelPathError) {
    let states = tables.states
    if needsMaps(sizes) {
      memory = try CellMemory(maps.cells.number, capacity: sizes.cells)
      placeCapacity = sizes.cellPlaces
      entryRoom = sizes.stateEntries
      new = Array(states.indices)
    } else {
      // Whoever still holds one must not change what is in its place.
      for (state, _) in freed { Self.takeBack(state) }
      let firsts = Set(freed.map(\.first))
      CellPlaceMap.forget(firsts, in: maps.cellPlaces)
      EntryMap.forget(firsts, in: maps.entries)
    }
    memory!.setClock()
    // The time of day may be set, and drifts.
    clock = nil
    if tables.readsWallClock {
      clock = try PeriodicJob("clock", every: .seconds(1)) { [memory] in memory!.setClock() }
    }
    for index in new {
      let places = CellPlaceMap(descriptor: maps.cellPlaces, first: firsts[index])
      let entries = EntryMap(descriptor: maps.entries, first: firsts[index])
      do throws(KernelRefusal) {
        try states[index].move(to: memory!.state(from: firsts[index], places: places, entries: entries))
      } catch { throw .refused(error) }
    }
  }

  /// Lets it be another time of day, in seconds since 1970, for good.
  mutating func setClock(to seconds: Int64) {
    clock = nil
    memory?.setClock(to: seconds)
  }

  /// Takes the states back: the kernel has no part in them any more.
  func giveBack() { for state in states { Self.takeBack(state) } }

  /// Memory of a state's own takes all that is in it.
  private static func takeBack(_ state: any KernelState) {
    try? state.move(to: StateMemory(cellCount: state.cellCount))
  }
}
