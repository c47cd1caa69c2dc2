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
  /// What both directions have together.
  private(set) var tables: KernelTables
  /// The filters in branches that are left to the sockets, by their labels.
  private(set) var branchesOnSockets: [(label: String, refusal: KernelRefusal)] = []
  private var limits: UInt32 = 0
  private var hasGrown = false
  private var filter: UInt8 = 0
  private var places: [MetadataKey: UInt16] = [:]
  private let readKeys: Set<MetadataKey>
  private let program: ProgramObject
  /// The keys that a filter looks at, found while encoding.
  private(set) var keysInUse: Set<MetadataKey> = []
  private var observedKeys: Set<MetadataKey> = []

  init(_ direction: Direction, _ program: ProgramObject, readKeys: Set<MetadataKey>, tables: KernelTables) {
    self.program = program
    self.tables = tables
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

  /// Adds a packet program, which the kernel runs in `direction`.
  ///
  /// - Parameters:
  ///   - type: the program.
  ///   - options: what the program is called with. A metadata key or a counter in them is one that `place` gave.
  ///   - state: what it remembers.
  @discardableResult
  public mutating func append<P: PacketProgram>(
    _ type: P.Type, _ options: P.Options, state: ProgramState? = nil
  ) throws(KernelRefusal) -> Int {
    let name = String(describing: type)
    guard let number = program.names.firstIndex(of: name) else {
      throw KernelRefusal(
        "its packet program '\(name)' was not compiled for the kernel: add the plugin CompilePacketPrograms to its target, and keep "
          + "it in a file \(name).swift")
    }
    let room = MemoryLayout.size(ofValue: slot().words)
    guard MemoryLayout<P.Options>.size <= room else {
      throw KernelRefusal(
        "the options of its packet program '\(name)' take \(MemoryLayout<P.Options>.size) bytes, and a slot has room for "
          + "\(room)")
    }
    try readsPayload()
    var stateNumber: UInt32 = 0
    if let state { stateNumber = try place(state) }
    return try append { [stateNumber] slot in
      slot.kind = UInt8(SLOT_FIRST_PROGRAM.rawValue) + UInt8(number)
      slot.state = stateNumber
      slot.second_size = UInt32(state?.numberCount ?? 0)
      withUnsafeMutableBytes(of: &slot.words) { $0.storeBytes(of: options, as: P.Options.self) }
    }
  }

  /// The number by which a slot adds to one of the filter's counters.
  public mutating func number(of counter: Counter) throws(KernelRefusal) -> UInt32 {
    if let index = tables.counters.firstIndex(of: counter) { return UInt32(index + 1) }
    return try number(of: [counter])
  }

  /// The number by which a slot adds to the first of a histogram's counters.
  public mutating func number(of histogram: Histogram) throws(KernelRefusal) -> UInt32 {
    if let index = tables.counters.firstIndex(of: histogram.first) { return UInt32(index + 1) }
    return try number(of: (0...histogram.bucketCount + 1).map { histogram.first.advanced(by: $0) })
  }

  private mutating func number(of counters: [Counter]) throws(KernelRefusal) -> UInt32 {
    guard tables.counters.count + counters.count <= Int(CHAIN_COUNTERS) else {
      throw KernelRefusal("its filters have more than the \(CHAIN_COUNTERS) counters that the kernel's program has")
    }
    tables.counters += counters
    return UInt32(tables.counters.count - counters.count + 1)
  }

  /// How many entries all states of a chain may have.
  private static var maximumEntries: Int { 4_000_000 }

  private mutating func place(_ state: ProgramState) throws(KernelRefusal) -> UInt32 {
    let number = number(of: state)
    guard tables.states.reduce(0, { $0 + $1.entryCapacity }) <= Self.maximumEntries else {
      throw KernelRefusal("the tables of its filters have room for more than \(Self.maximumEntries) entries")
    }
    return number
  }

  /// The number of a state for `slot.state`.
  public mutating func number(of state: any KernelState) -> UInt32 {
    if let index = tables.states.firstIndex(where: { $0 === state }) { return UInt32(index + 1) }
    tables.states.append(state)
    return UInt32(tables.states.count)
  }

  /// Says that the filter chooses among all endpoints.
  public mutating func choosesEndpoints(consistently: Bool) {
    tables.choosesEndpoints = true
    if consistently { tables.choosesConsistently = true }
  }

  /// Says that the filter reads the time of day.
  public mutating func readsWallClock() { tables.readsWallClock = true }

  /// Says that the filter adds bytes. What is behind it sees a payload that is not in the frame.
  public mutating func grows() {
    hasGrown = true
    tables.grows = true
  }

  /// Says that the filter looks at bytes of the payload, or cuts some off.
  public func readsPayload() throws(KernelRefusal) {
    if hasGrown { throw KernelRefusal("a filter before it adds bytes, which are not in the frame yet") }
  }

  /// Which of the direction's limits the next one is.
  public mutating func numberOfNextLimit() throws(KernelRefusal) -> UInt32 {
    guard limits < UInt32(CHAIN_LIMITS) else {
      throw KernelRefusal("the kernel's program counts for \(CHAIN_LIMITS) limits in a direction, and this is one more")
    }
    limits += 1
    return limits - 1
  }

  /// Puts rules into the image and gives the number of the first; nil where there is no room for them.
  public mutating func place(_ rules: [rule]) -> UInt32? {
    guard rules.count <= Int(CHAIN_FIREWALL_RULES), tables.rules.count + rules.count <= Int(CHAIN_RULES) else {
      return nil
    }
    tables.rules += rules
    return UInt32(tables.rules.count - rules.count)
  }

  /// Adds a table of networks and gives its number.
  public mutating func place(_ prefixes: [(block: CIDR, answer: UInt32)]) -> UInt32 {
    tables.prefixes += prefixes.map { .init(table: tables.prefixTables, block: $0.block, answer: $0.answer) }
    tables.prefixTables += 1
    return tables.prefixTables - 1
  }

  /// How many sets of ports the kernel holds; each takes 8 KiB.
  private static var maximumPortSets: Int { 1_024 }

  /// The answer of a network that allows a set of ports.
  public mutating func answer(_ ports: PortSet) throws(KernelRefusal) -> UInt32 {
    if ports.isEmpty { return UInt32(PREFIX_DENIES) }
    if ports.isFull { return UInt32(PREFIX_ALLOWS) }
    if let index = tables.portSets.firstIndex(of: ports) { return UInt32(PREFIX_FIRST_PORTS) + UInt32(index) }
    guard tables.portSets.count < Self.maximumPortSets else {
      throw KernelRefusal("its rules make more than \(Self.maximumPortSets) different sets of ports")
    }
    tables.portSets.append(ports)
    return UInt32(PREFIX_FIRST_PORTS) + UInt32(tables.portSets.count - 1)
  }

  /// Lets the slot at `place` go on at the next slot that is added.
  public mutating func landHere(from place: Int) { slots[place].jump = UInt8(slots.count) }

  /// The place of a counter that a packet program adds to.
  public mutating func place(_ counter: Counter) throws(KernelRefusal) -> Counter {
    Counter(cell: try number(of: counter))
  }

  /// The place of a value that the filter looks at.
  public mutating func place(reading key: MetadataKey) throws(KernelRefusal) -> MetadataKey {
    keysInUse.insert(key)
    return try place(key)
  }

  /// The place of a value that the filter looks at only when the packet is through.
  public mutating func place(observing key: MetadataKey) throws(KernelRefusal) -> MetadataKey {
    observedKeys.insert(key)
    return try place(reading: key)
  }

  /// The place of a value that the filter sets; one without use where no filter looks at it.
  public mutating func place(setting key: MetadataKey) throws(KernelRefusal) -> MetadataKey {
    guard !observedKeys.contains(key) else {
      throw KernelRefusal("it sets a value anew that a filter before it observes at the end of the chain")
    }
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
    tables.drops[node.number] = node.drops
    try node.filter.encode(into: &self)
    filter = outer
  }

  /// Adds the filter of a branch. Where the kernel cannot run it, the branch's packets go to the sockets as they came.
  public mutating func append(branch node: FilterNode) throws(KernelRefusal) {
    var next = self
    do throws(KernelRefusal) {
      try next.append(node)
      self = next
    } catch {
      try leaveToSockets()
      branchesOnSockets.append((node.label, error))
    }
  }

  /// Ends the way through the chain: the sockets run it from the start.
  mutating func leaveToSockets() throws(KernelRefusal) {
    try append { $0.kind = UInt8(SLOT_SOCKETS.rawValue) }
  }

  /// Whether a packet may be dropped in the slots from `place` on.
  func mayDrop(from place: Int) -> Bool {
    let harmless = [SLOT_END, SLOT_JUMP, SLOT_SOCKETS, SLOT_BALANCE, SLOT_CONCATENATE, SLOT_TIMESTAMP]
    return slots[place...].contains { slot in !harmless.contains { UInt8($0.rawValue) == slot.kind } }
  }
}
