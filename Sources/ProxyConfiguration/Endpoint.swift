/// A server that packets can go to.
public struct Endpoint: Hashable, Sendable {
  public let address: EndpointAddress
  /// The tokens that route here, without repeats, in the order of the file.
  public let tokens: [[UInt8]]
  /// All other metadata, by its key.
  public let metadata: [String: EndpointMetadata]
  /// The locality of the endpoint's cluster.
  public let locality: Locality?

  public init(
    address: EndpointAddress, tokens: [[UInt8]] = [], metadata: [String: EndpointMetadata] = [:],
    locality: Locality? = nil
  ) {
    self.address = address
    self.tokens = tokens
    self.metadata = metadata
    self.locality = locality
  }
}
