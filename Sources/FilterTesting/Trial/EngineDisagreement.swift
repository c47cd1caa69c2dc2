/// Engines do not agree about a packet: what a filter does on sockets is not what its packet program does in the kernel, or the
/// filter depends on something that is not in the packet.
public struct EngineDisagreement: Error, CustomStringConvertible, Sendable {
  /// The packet, in words.
  public let packet: String
  /// What differs, a line each.
  public let differences: [String]
  /// The filters as they were written, on one line.
  public let chain: String

  public var description: String {
    """
    the engines disagree about \(packet)
    \(differences.map { "  \($0)" }.joined(separator: "\n"))
      in the chain \(chain)
    """
  }
}

/// Something that may differ between the engines, because chance decides, for example.
public enum TrialAspect: String, CaseIterable, Sendable {
  case payload, destinations, metadata, counters
}
