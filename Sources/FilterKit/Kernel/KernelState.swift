public import PacketKit
public import Synchronization

/// State of a filter that both paths change: cells of two words each. It begins in memory of its own; when the kernel runs the
/// filter it moves to memory that the kernel's program sees too, and stays there.
public protocol KernelState: AnyObject, Sendable {
  /// How many cells it has.
  var cellCount: Int { get }
  /// How many of them may belong to an address at a time.
  var keyedCellCount: Int { get }
  /// How many entries the kernel's program may have to look up for it.
  var entryCapacity: Int { get }
  /// Moves to other memory. Called while workers use it. Throws where the kernel cannot take what is in it.
  func move(to memory: StateMemory) throws(KernelRefusal)
}

extension KernelState {
  public var entryCapacity: Int { 0 }
}

/// A word that both paths change.
public typealias SharedWord = Atomic<UInt64>

/// Where the cells of a state are.
public struct StateMemory: @unchecked Sendable {
  /// The first of two words for each cell.
  public let words: UnsafeMutablePointer<SharedWord>
  /// Finds cells by address for the kernel; nil where nobody asks.
  public let places: (any CellPlaces)?
  /// Takes entries for the kernel to look up; nil where nobody does.
  public let entries: (any StateEntries)?
  /// Keeps the memory.
  private let owner: AnyObject

  public init(
    _ words: UnsafeMutablePointer<SharedWord>, places: (any CellPlaces)?, entries: (any StateEntries)? = nil,
    owner: AnyObject
  ) {
    self.words = words
    self.places = places
    self.entries = entries
    self.owner = owner
  }

  /// Memory of its own, zeroed.
  public init(cellCount: Int) {
    final class Owner {
      let words: UnsafeMutablePointer<SharedWord>
      init(_ count: Int) {
        words = .allocate(capacity: count)
        for index in 0..<count { (words + index).initialize(to: SharedWord(0)) }
      }
      deinit { words.deallocate() }
    }
    let owner = Owner(max(1, 2 * cellCount))
    self.init(owner.words, places: nil, owner: owner)
  }

  /// The same memory from a cell on.
  public func from(cell: Int) -> StateMemory { 
    StateMemory(words + 2 * cell, places: places, entries: entries, owner: owner)
  }

  /// Copies the first cells of other memory.
  public func copy(_ cellCount: Int, from other: StateMemory) {
    for index in 0..<(2 * cellCount) {
      words[index].store(other.words[index].load(ordering: .relaxed), ordering: .relaxed)
    }
  }
}

/// Tells the kernel's program which cell of a state belongs to an address. Calls are system calls: one for a new address, never
/// one for a packet.
public protocol CellPlaces: Sendable {
  /// False where there is no room; then the program leaves the packets of this address to the sockets.
  func set(_ address: IPAddress, port: UInt16, cell: Int) -> Bool
  func remove(_ address: IPAddress, port: UInt16)
}

/// The entries of a state that the kernel's program looks up. Calls are system calls, never one for a packet.
public protocol StateEntries: Sendable {
  /// Adds or replaces an entry. False where there is no room.
  func set(_ key: ShortBytes, _ value: UInt64) -> Bool
  func remove(_ key: ShortBytes)
}

/// A fixed number of cells.
public final class SharedCells: KernelState, @unchecked Sendable {
  public let cellCount: Int
  public var keyedCellCount: Int { 0 }
  private let current: Atomic<UnsafeMutablePointer<SharedWord>>
  /// All memory that the cells were ever in: a worker may still be using it.
  private let memory: Mutex<[StateMemory]>

  public init(count: Int) {
    cellCount = count
    let first = StateMemory(cellCount: count)
    current = Atomic(first.words)
    memory = Mutex([first])
  }

  /// One of the two words of a cell. For the moment: not to be kept.
  @inline(__always) public func word(_ index: Int, ofCell cell: Int) -> UnsafeMutablePointer<SharedWord> {
    precondition(cell >= 0 && cell < cellCount && index & ~1 == 0)
    return current.load(ordering: .acquiring) + (2 &* cell &+ index)
  }

  public func move(to new: StateMemory) {
    memory.withLock { memory in
      new.copy(cellCount, from: memory[memory.count - 1])
      memory.append(new)
      current.store(new.words, ordering: .releasing)
    }
  }
}
