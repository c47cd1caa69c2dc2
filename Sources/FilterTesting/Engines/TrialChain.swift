package import FilterKit

/// A chain to be tried, as it is written. Each engine makes one of its own of it.
package struct TrialChain: Sendable {
  package var registry: FilterRegistry
  package var filters: [ConfigurationNode]
  package var endpoints: [RoutingTable.Endpoint]
  /// The time of day as seconds since 1970. It stands still; nil for the real one.
  package var clock: Int64?
  /// What messages call it.
  package var name = "chain"

  package init(
    registry: FilterRegistry, filters: [ConfigurationNode], endpoints: [RoutingTable.Endpoint], clock: Int64? = nil
  ) {
    self.registry = registry
    self.filters = filters
    self.endpoints = endpoints
    self.clock = clock
  }

  /// Where packets from clients come from unless a test says otherwise.
  package static let defaultClient = SocketAddress(IPAddress(v4: 0xc000_0201), port: 40_000)
  /// The endpoint of tests that name none.
  package static let defaultEndpoint = SocketAddress(IPAddress(v4: 0xcb00_7101), port: 26_000)

  /// Makes the filters.
  package func make(_ metrics: Metrics) throws(ChainRefused) -> Chain {
    let diagnostics = Diagnostics()
    let chain = Chain.read(filters, registry: registry, metrics: metrics, diagnostics: diagnostics, log: { _ in })
    guard !diagnostics.hasErrors else { throw ChainRefused(lines: diagnostics.report.lines(in: name)) }
    return chain
  }

  /// Which path it runs on; nil where it is refused.
  package var plan: ChainPlan? { (try? make(Metrics())).map { ChainPlan($0) } }
}

/// A chain that cannot be used. All that is wrong is listed, each with its place: `chain:2:9: unknown key 'sise'`.
public struct ChainRefused: Error, CustomStringConvertible, Sendable {
  public let lines: [String]

  package init(lines: [String]) { self.lines = lines }

  public var description: String { lines.joined(separator: "\n") }
}
