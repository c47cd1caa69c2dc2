public import CDataPath

/// Why a filter, or a chain, is left to the sockets. A phrase that goes behind "because".
public struct KernelRefusal: Error, Equatable, CustomStringConvertible {
  public let reason: String
  public init(_ reason: String) { self.reason = reason }
  public var description: String { reason }
}

/// Writes a chain into the slots of the image that the kernel's program runs.
///
/// Filters add their slots in `Filter.encode`. What does not fit is a `KernelRefusal`, never a program that does not load.
public struct ChainEncoder {
  /// The slots so far.
  public private(set) var slots: [slot] = []
  /// The direction that is being written.
  public let direction: Direction
  /// The filters' counters, in the order of their numbers.
  public private(set) var counters: [Counter]
  /// Where the drops of a filter are counted on sockets, by the filter's number.
  private(set) var drops: [Int: DropRow] = [:]
  private var filter: UInt8 = 0
  private var places: [MetadataKey: UInt16] = [:]
  private let readKeys: Set<MetadataKey>
  /// The keys that a filter looks at, found while encoding.
  private(set) var keysInUse: Set<MetadataKey> = []

  init(_ direction: Direction, readKeys: Set<MetadataKey>, counters: [Counter]) {
    self.counters = counters
    self.direction = direction
    self.readKeys = readKeys
  }

  /// Adds a slot and gives its place.
  @discardableResult
  public mutating func append(_ write: (inout slot) -> Void) throws(KernelRefusal) -> Int {
    guard slots.count < Int(CHAIN_SLOTS) else {
      throw KernelRefusal("the chain needs more than the \(CHAIN_SLOTS) slots that the kernel's program has")
    }
    var new = slot()
    write(&new)
    new.filter = filter
    slots.append(new)
    return slots.count - 1
  }

  /// The number by which a slot adds to one of the filter's counters.
  public mutating func number(of counter: Counter) throws(KernelRefusal) -> UInt64 {
    if let index = counters.firstIndex(of: counter) { return UInt64(index + 1) }
    guard counters.count < Int(CHAIN_COUNTERS) else {
      throw KernelRefusal("its filters have more than the \(CHAIN_COUNTERS) counters that the kernel's program has")
    }
    counters.append(counter)
    return UInt64(counters.count)
  }

  /// Lets the slot at `place` go on at the next slot that is added.
  public mutating func landHere(from place: Int) { slots[place].jump = UInt8(slots.count) }

  /// The place of a value that the filter looks at.
  public mutating func place(reading key: MetadataKey) throws(KernelRefusal) -> MetadataKey {
    keysInUse.insert(key)
    return try place(key)
  }

  /// The place of a value that the filter sets; one without use where no filter looks at it.
  public mutating func place(setting key: MetadataKey) throws(KernelRefusal) -> MetadataKey {
    guard readKeys.contains(key) else { return MetadataKey(index: UInt16(CHAIN_VALUES)) }
    return try place(key)
  }

  private mutating func place(_ key: MetadataKey) throws(KernelRefusal) -> MetadataKey {
    if let place = places[key] { return MetadataKey(index: place) }
    guard places.count < Int(CHAIN_VALUES) else {
      throw KernelRefusal(
        "the chain looks at more than the \(CHAIN_VALUES) metadata values that the kernel's program holds")
    }
    places[key] = UInt16(places.count)
    return try place(key)
  }

  /// Adds a filter, or a filter inside one.
  public mutating func append(_ node: FilterNode) throws(KernelRefusal) {
    guard node.number < Int(CHAIN_FILTERS) else {
      throw KernelRefusal("the configuration has more than the \(CHAIN_FILTERS) filters that the kernel counts for")
    }
    let outer = filter
    filter = UInt8(node.number)
    drops[node.number] = node.drops
    try node.filter.encode(into: &self)
    filter = outer
  }
}
