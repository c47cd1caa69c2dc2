public import FilterKit

/// What the workers run: one configuration, immutable. A change makes a new snapshot, which each worker adopts between two
/// batches, so no packet sees half of one and half of another.
public struct Snapshot: Sendable {
  public let chain: Chain
  public let routing: RoutingTable

  public init(chain: Chain, routing: RoutingTable) {
    self.chain = chain
    self.routing = routing
  }
}
