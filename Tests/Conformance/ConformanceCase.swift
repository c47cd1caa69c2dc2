public import FilterKit

/// One case of a cases file: a chain, packets that go in, and what must come of them.
///
/// It says nothing about how the packets travel, so that the same case can run through the filters alone, through a proxy over
/// sockets, and through the kernel.
public struct ConformanceCase: Sendable, CustomStringConvertible {
  /// The folder of the cases file, which is the name of the filter.
  public var folder: String
  public var name: String
  /// Where the case starts in its file.
  public var line: Int
  /// The chain, as `filters` of a configuration has it.
  public var filters: [ConfigurationNode]
  /// Where the list of filters starts. Places of `errors` and `warnings` count from here.
  public var filtersMark: Mark
  public var endpoints: [RoutingTable.Endpoint]
  public var steps: [Step]
  /// Drops after the last step, by the label of the filter and the reason. What is not listed is zero.
  public var counters: [String: [String: UInt64]]
  /// Other counters after the last step, by their line in Prometheus' text form without the number.
  public var metrics: [String: UInt64]
  /// The time of day as seconds since 1970, for cases that depend on it. It stands still.
  public var clock: Int64?
  /// The configuration is refused with these messages: `line:column: text`, counted from the list of filters as 1:1.
  public var errors: [String]
  /// The configuration is accepted, or refused, with these warnings.
  public var warnings: [String]

  /// One packet, or the same one several times.
  public struct Step: Sendable {
    public var direction: Direction
    public var payload: [UInt8]
    public var source: SocketAddress
    /// Nanoseconds since the case began.
    public var time: UInt64
    public var times: Int
    public var expected: Expectation
    public var line: Int
  }

  /// What must come of a packet.
  public enum Expectation: Sendable {
    case dropped(reason: String)
    case forwarded(payload: [UInt8], to: Recipients)
  }

  /// Who must get a packet.
  public enum Recipients: Sendable {
    /// The client of a session. The only choice on write.
    case client
    /// Every endpoint, one copy each.
    case everyEndpoint
    /// These endpoints, one copy each, in any order.
    case exactly([SocketAddress])
    /// One of these endpoints.
    case oneOf([SocketAddress])
  }

  /// Whether a client and servers at sockets can bring this case about: it needs no clock that stands still, no time that must
  /// be met to the millisecond, and a server only sends where a packet reached it before.
  public var canRunOverSockets: Bool {
    guard !steps.isEmpty, clock == nil, steps.allSatisfy({ $0.time.isMultiple(of: 100_000_000) }) else { return false }
    var reached: Set<SocketAddress> = []
    for step in steps {
      if step.direction == .write, !reached.contains(step.source) { return false }
      guard step.direction == .read, case .forwarded(_, let recipients) = step.expected else { continue }
      switch recipients {
      case .everyEndpoint: reached.formUnion(endpoints.map(\.address))
      case .exactly(let addresses): reached.formUnion(addresses)
      case .client, .oneOf: break
      }
    }
    return true
  }

  public var description: String { "\(folder): \(name)" }

  /// Where packets from clients come from unless a step says otherwise.
  public static let defaultClient = SocketAddress(IPAddress(v4: 0xc000_0201), port: 40_000)
  /// The endpoint of cases that name none.
  public static let defaultEndpoint = SocketAddress(IPAddress(v4: 0xcb00_7101), port: 26_000)
}
