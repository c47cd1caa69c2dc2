public import PacketKit
import Synchronization

/// What the packet program of a filter remembers, for both paths: numbers, and a table from short keys to numbers.
///
/// A packet program reads it through `PacketFacts` and changes its numbers through `PacketEffects`. The filter, or whoever else holds
/// it, fills the table and reads the numbers, at any time and from any thread. `FilterContext.state(of:_:)` lets it outlive a reload.
public final class ProgramState: KernelState {
  /// How many numbers a state may have.
  public static let maximumNumbers = 65_536
  /// How many entries a table may have.
  public static let maximumEntries = 1_000_000

  /// How many numbers there are. They begin at 0.
  public let numberCount: Int
  private let numbers: SharedCells
  private let table: EntryTable

  /// - Parameters:
  ///   - numbers: at most `maximumNumbers`.
  ///   - entries: how many entries the table has room for, at most `maximumEntries`.
  public init(numbers: Int, entries: Int = 0) {
    precondition((0...Self.maximumNumbers).contains(numbers), "a state has at most \(Self.maximumNumbers) numbers")
    precondition((0...Self.maximumEntries).contains(entries), "a state has at most \(Self.maximumEntries) entries")
    numberCount = numbers
    self.numbers = SharedCells(count: (numbers + 1) / 2)
    table = EntryTable(capacity: entries)
  }

  // MARK: Numbers

  /// A number by its place; 0 where there is none.
  public func number(at place: UInt32) -> UInt64 { word(place)?.pointee.load(ordering: .relaxed) ?? 0 }

  /// Makes a number another one, whatever it is; nothing where there is none.
  public func setNumber(at place: UInt32, to number: UInt64) { word(place)?.pointee.store(number, ordering: .relaxed) }

  /// Adds to a number, whose sum wraps around. Gives the number before; 0, and nothing done, where there is none.
  @discardableResult public func add(_ amount: UInt64, toNumberAt place: UInt32) -> UInt64 {
    word(place)?.pointee.wrappingAdd(amount, ordering: .relaxed).oldValue ?? 0
  }

  /// Makes a number another one if it is `old`.
  public func exchangeNumber(at place: UInt32, _ old: UInt64, for new: UInt64) -> Bool {
    word(place)?.pointee.compareExchange(expected: old, desired: new, ordering: .relaxed).exchanged ?? false
  }

  private func word(_ place: UInt32) -> UnsafeMutablePointer<SharedWord>? {
    let place = Int(place)
    return place < numberCount ? numbers.word(place & 1, ofCell: place &>> 1) : nil
  }

  // MARK: Entries

  /// What the table has for a key.
  public func entry(for key: ShortBytes) -> UInt64? { table[key] }

  /// Adds or replaces an entry. False, and nothing done, where the table is full.
  @discardableResult public func setEntry(for key: ShortBytes, to value: UInt64) -> Bool { table.set(key, value) }

  /// Takes an entry out. False where there was none.
  @discardableResult public func removeEntry(for key: ShortBytes) -> Bool { table.remove(key) }

  // MARK: The kernel

  public var cellCount: Int { numbers.cellCount }
  public var keyedCellCount: Int { 0 }
  public var entryCapacity: Int { table.capacity }

  public func move(to memory: StateMemory) throws(KernelRefusal) {
    numbers.move(to: memory)
    try table.share(with: memory.entries)
  }
}
