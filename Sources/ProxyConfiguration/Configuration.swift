public import FilterKit

/// What a configuration file says.
public struct Configuration: Sendable {
  /// The name of this proxy, if the file gives one.
  public let id: String?
  /// All endpoints of all clusters, in the order of the file. No address is in it twice.
  public let endpoints: [Endpoint]
  /// What is allowed and likely not meant, in the order of the file.
  public let warnings: [Diagnostic]
}
