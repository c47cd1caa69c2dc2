/// The endpoints of a configuration, by number, and the ways to choose among them. Immutable: a change makes a new table.
public final class RoutingTable: Sendable {
  /// One server and the tokens that lead to it.
  public struct Endpoint: Sendable {
    public var address: SocketAddress
    public var tokens: [[UInt8]]

    public init(_ address: SocketAddress, tokens: [[UInt8]] = []) {
      self.address = address
      self.tokens = tokens
    }
  }

  /// The endpoints, in the order of the configuration. A packet's destinations are places in this list.
  public let endpoints: [Endpoint]
  private let tokens: TokenIndex
  private let consistent: ConsistentTable

  public convenience init(_ endpoints: [Endpoint]) {
    self.init(endpoints, consistentBy: endpoints.map(\.address))
  }

  /// - Parameter addresses: what consistent hashing takes for the endpoints' addresses.
  package init(_ endpoints: [Endpoint], consistentBy addresses: [SocketAddress]) {
    self.endpoints = endpoints
    tokens = TokenIndex(endpoints.map(\.tokens))
    consistent = ConsistentTable(addresses)
  }

  /// How many different tokens lead to an endpoint.
  public var tokenCount: Int { tokens.count }

  func endpoints(having token: UnsafeRawBufferPointer) -> UnsafeBufferPointer<UInt32> {
    tokens.endpoints(having: token)
  }
  func endpoint(forHash hash: UInt64) -> UInt32 { consistent.endpoint(for: hash) }
  /// The ring by which consistent hashing chooses, for another program that has to choose alike; nil without an endpoint.
  public var hashRing: HashRing? { consistent.ring }
}
