public import CDataPath

/// What a chain brings into the kernel beside its slots.
public struct KernelTables: Sendable {
  /// An entry of the table of networks.
  public struct Prefix: Equatable, Sendable {
    public var table: UInt32
    public var block: CIDR
    /// `PREFIX_DENIES`, `PREFIX_ALLOWS`, or the number of a set of ports behind them.
    public var answer: UInt32
  }

  /// The filters' counters that slots add to, by their number less one.
  public internal(set) var counters: [Counter] = []
  /// Where the drops of each filter are counted on sockets, by the filter's number.
  public internal(set) var drops: [Int: DropRow] = [:]
  /// The rules that stand in the image.
  public internal(set) var rules: [rule] = []
  public internal(set) var prefixes: [Prefix] = []
  /// How many tables of networks there are.
  public internal(set) var prefixTables: UInt32 = 0
  public internal(set) var portSets: [PortSet] = []
  /// The state that filters share with the kernel; a slot has its number from 1 on until the cells are given out.
  public internal(set) var states: [any KernelState] = []
  /// Whether a filter chooses among all endpoints, and whether it does so by consistent hashing.
  public internal(set) var choosesEndpoints = false
  public internal(set) var choosesConsistently = false
  /// Whether a filter reads the time of day.
  public internal(set) var readsWallClock = false
  /// Whether a filter adds bytes.
  public internal(set) var grows = false
}

/// A set of UDP ports.
public struct PortSet: Hashable, Sendable {
  /// A bit for each port, the lowest bit of each byte first.
  public private(set) var bits = [UInt8](repeating: 0, count: 8_192)

  public init() {}

  public mutating func insert(_ ports: Range<Int>, except others: PortSet = PortSet.none) {
    for port in ports.clamped(to: 0..<65_536) where !others.contains(port) { bits[port >> 3] |= 1 << UInt8(port & 7) }
  }

  public func contains(_ port: Int) -> Bool { bits[port >> 3] >> UInt8(port & 7) & 1 == 1 }

  public static let none = PortSet()

  public var isEmpty: Bool { bits.allSatisfy { $0 == 0 } }
  public var isFull: Bool { bits.allSatisfy { $0 == 0xff } }
}
