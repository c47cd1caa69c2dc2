public import FilterKit

/// What a configuration file says.
public struct Configuration: Sendable {
  /// The name of this proxy, if the file gives one.
  public let id: String?
  /// The filters as they were written.
  public let filters: [ConfigurationNode]
  /// The filters, ready to run.
  public let chain: Chain
  /// All endpoints of all clusters, in the order of the file. No address is in it twice.
  public let endpoints: [Endpoint]
  /// What is allowed and likely not meant.
  public let warnings: DiagnosticReport

  /// Whether the other one means the same: comments and layout do not count.
  package func means(_ other: Configuration) -> Bool {
    id == other.id && endpoints == other.endpoints && filters.count == other.filters.count
      && zip(filters, other.filters).allSatisfy { $0.says($1) }
  }
}

extension ConfigurationNode {
  /// Whether the other node says the same, wherever it stands.
  fileprivate func says(_ other: ConfigurationNode) -> Bool {
    switch (content, other.content) {
    case (.plain(let text), .plain(let other)), (.quoted(let text), .quoted(let other)): text == other
    case (.sequence(let items), .sequence(let others)):
      items.count == others.count && zip(items, others).allSatisfy { $0.says($1) }
    case (.mapping(let entries), .mapping(let others)):
      entries.count == others.count && zip(entries, others).allSatisfy { $0.key == $1.key && $0.value.says($1.value) }
    default: false
    }
  }
}
