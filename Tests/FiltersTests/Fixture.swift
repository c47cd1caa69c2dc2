public import FilterKit
import Filters

/// A filter chain with a batch to run packets through, for tests that ask more than a case can say.
final class Fixture {
  let chain: Chain
  let metrics: Metrics
  var batch: PacketBatch

  /// The filters by their names and options.
  init(
    _ filters: [ConfigurationNode], endpoints: [RoutingTable.Endpoint] = [], registry: FilterRegistry = .builtin,
    states: FilterStates = FilterStates(), log: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    let diagnostics = Diagnostics()
    metrics = Metrics()
    chain = Chain.read(
      filters, registry: registry, metrics: metrics, diagnostics: diagnostics, states: states, log: log)
    guard !diagnostics.hasErrors else { throw Refused(lines: diagnostics.report.lines(in: "test")) }
    batch = PacketBatch(
      keyCount: chain.keys.count, routing: RoutingTable(endpoints), sheet: metrics.makeSheet())
  }

  struct Refused: Error {
    let lines: [String]
  }

  /// Runs one packet. The endpoints that it goes to by number, or nil where it was dropped.
  func run(
    _ direction: Direction = .read, _ payload: [UInt8] = [1], from source: SocketAddress = .client, now: UInt64 = 0,
    wallClock: Int64 = 0
  ) -> [UInt32]? {
    batch.begin(direction, now: now, wallClock: wallClock)
    batch.receiveBuffer(0).copyBytes(from: payload)
    batch.insert(0, size: payload.count, from: source)
    chain.run(direction, &batch)
    guard batch.livePackets == 1 else { return nil }
    var destinations = batch.destinations(0)
    var numbers: [UInt32] = []
    while let number = destinations.pop() { numbers.append(number) }
    return numbers
  }

  /// The payload of the packet that `run` ran last.
  var payload: [UInt8] { Array(batch.payload(0)) }

  /// The total of a counter, over all its series.
  func total(_ name: String) -> UInt64 {
    metrics.snapshot().filter { $0.family.name == name }.flatMap(\.totals).reduce(0) { $0 + $1[0] }
  }
}

extension SocketAddress {
  static let client = SocketAddress(IPAddress(v4: 0xc000_0201), port: 40_000)

  /// Client number `n`, each with an address of its own.
  static func client(_ n: Int) -> SocketAddress {
    SocketAddress(IPAddress(v4: 0x0a00_0000 | UInt32(n)), port: 40_000)
  }
}

extension RoutingTable.Endpoint {
  /// Endpoint number `n`, each with an address of its own.
  static func server(_ n: Int) -> Self { Self(SocketAddress(IPAddress(v4: 0xcb00_7100 + UInt32(n)), port: 26_000)) }
}

/// A piece of configuration, written in Swift.
extension ConfigurationNode: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral text: String) { self.init(.quoted(text), at: .start) }
  public init(integerLiteral number: Int) { self.init(.plain("\(number)"), at: .start) }
  public init(booleanLiteral value: Bool) { self.init(.plain("\(value)"), at: .start) }
  public init(arrayLiteral items: ConfigurationNode...) { self.init(.sequence(items), at: .start) }
  public init(dictionaryLiteral entries: (String, ConfigurationNode)...) {
    self.init(.mapping(entries.map { Entry(key: $0.0, keyMark: .start, value: $0.1) }), at: .start)
  }
}
