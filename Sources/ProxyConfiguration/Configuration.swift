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
}
