import CDataPath
import FilterKit
import Glibc
import Synchronization

/// The map of the filters' state, in the memory of this process. It is given back with the last state in it.
final class CellMemory: Sendable {
  private nonisolated(unsafe) let start: UnsafeMutableRawPointer
  private let size: Int
  let capacity: Int

  /// - Parameters:
  ///   - descriptor: a BPF array of cells that may be mapped; the mapping keeps it.
  ///   - capacity: how many cells it has.
  init(_ descriptor: Int32, capacity: Int) throws(KernelPathError) {
    let page = sysconf(Int32(_SC_PAGESIZE))
    size = (capacity * MemoryLayout<cell>.stride + page - 1) / page * page
    self.capacity = capacity
    guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
      throw .system(call: "mapping of the filters' state", errno: errno)
    }
    self.start = start
  }

  deinit { munmap(start, size) }

  /// The cells from `first` on.
  func state(from first: UInt32, places: any CellPlaces, entries: any StateEntries) -> StateMemory {
    StateMemory(words + 2 * Int(first), places: places, entries: entries, owner: self)
  }

  /// Says by how much the time of day is ahead of the clock that programs read.
  func setClock() { setAhead(SystemClock.wall - Int64(SystemClock.monotonic)) }

  /// Lets it be another time of day, in seconds since 1970.
  func setClock(to seconds: Int64) { setAhead(seconds * 1_000_000_000 - Int64(SystemClock.monotonic)) }

  private func setAhead(_ nanoseconds: Int64) {
    words[2 * Int(CLOCK_CELL)].store(UInt64(bitPattern: nanoseconds), ordering: .relaxed)
  }

  private var words: UnsafeMutablePointer<SharedWord> {
    start.assumingMemoryBound(to: SharedWord.self)
  }
}
