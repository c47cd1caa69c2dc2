package import FilterKit

/// A packet that goes into a chain.
package struct TrialPacket: Sendable {
  package var direction: Direction
  package var payload: [UInt8]
  /// The client on read, the server on write.
  package var source: SocketAddress
  /// The client that sent it, or that a reply is for.
  package var client: SocketAddress

  package init(_ direction: Direction, _ payload: [UInt8], from source: SocketAddress, client: SocketAddress) {
    self.direction = direction
    self.payload = payload
    self.source = source
    self.client = client
  }
}

/// What came of a packet.
package struct PacketOutcome: Sendable {
  /// Empty where the packet was dropped.
  package var deliveries: [Delivery]
  /// Why the packet was dropped, where the engine can tell for a single packet.
  package var reason: String?
  /// What the filters left; nil where the engine cannot tell.
  package var metadata: [String: MetadataValue]?
  /// Why the kernel's program left the packet to the sockets; nil where it did not, or in another engine.
  package var handOver: String?

  package init(deliveries: [Delivery], reason: String? = nil, metadata: [String: MetadataValue]? = nil) {
    self.deliveries = deliveries
    self.reason = reason
    self.metadata = metadata
  }

  /// One datagram that came out.
  package struct Delivery: Sendable {
    /// The endpoint that got it, or nil for the client.
    package var endpoint: SocketAddress?
    package var payload: [UInt8]

    package init(to endpoint: SocketAddress?, payload: [UInt8]) {
      self.endpoint = endpoint
      self.payload = payload
    }
  }
}

/// Why a packet could not be brought through a chain.
package struct TrialProblem: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
