package import FilterKit

/// One case of a cases file: a chain, packets that go in, and what must come of them.
///
/// It says nothing about how the packets travel, so that the same case runs through the filters alone, through a proxy over sockets, and
/// through the kernel. `FilterCases` reads files of them and describes their form.
public struct FilterCase: Sendable, CustomStringConvertible {
  /// What the case shows, in words.
  public let name: String
  /// The file that it stands in, as messages call it.
  public let file: String
  /// Where the case starts in its file.
  public let line: Int
  package let chain: TrialChain
  /// Where the list of filters starts. Places of `errors` and `warnings` count from here.
  package let filtersMark: Mark
  package let steps: [Step]
  /// Drops after the last step, by the label of the filter and the reason. What is not listed is zero.
  package let counters: [String: [String: UInt64]]
  /// Other counters after the last step, by their line in Prometheus' text form without the number.
  package let metrics: [String: UInt64]
  /// The configuration is refused with these messages: `line:column: text`, counted from the list of filters as 1:1.
  package let errors: [String]
  /// The configuration is accepted, or refused, with these warnings.
  package let warnings: [String]

  /// One packet, or the same one several times.
  package struct Step: Sendable {
    package var direction: Direction
    package var payload: [UInt8]
    package var source: SocketAddress
    /// Nanoseconds since the case began.
    package var time: UInt64
    package var times: Int
    package var expected: Expectation
    /// What must stand under metadata keys, where the engine can tell.
    package var metadata: [String: MetadataValue]
    package var line: Int

    /// The packet of the step. A reply is for `client`.
    package func packet(toward client: SocketAddress = TrialChain.defaultClient) -> TrialPacket {
      TrialPacket(direction, payload, from: source, client: direction == .read ? source : client)
    }
  }

  /// What must come of a packet.
  package enum Expectation: Sendable {
    case dropped(reason: String)
    case forwarded(payload: [UInt8], to: Recipients)
  }

  /// Who must get a packet.
  package enum Recipients: Sendable {
    /// The client of a session. The only choice on write.
    case client
    /// Every endpoint, one copy each.
    case everyEndpoint
    /// These endpoints, one copy each, in any order.
    case exactly([SocketAddress])
    /// One of these endpoints.
    case oneOf([SocketAddress])
  }

  package var endpoints: [RoutingTable.Endpoint] { chain.endpoints }

  /// The folder of the cases file, which is that of the filter.
  package var folder: String { file.split(separator: "/").dropLast().last.map(String.init) ?? "" }

  /// Where the case stands, for messages: `filters/Match/cases.yaml:12`.
  package var place: String { "\(file):\(line)" }

  public var description: String { folder.isEmpty ? name : "\(folder): \(name)" }
}
