/// What the admin server shows. The functions are called at each request, from any thread.
public struct AdminPages: Sendable {
  /// Whether traffic may be sent to this process.
  public enum Readiness: Hashable, Sendable {
    /// The detail is one line, for people.
    case ready(detail: String? = nil)
    case notReady(reason: String)
  }

  /// The text of `/metrics`, in Prometheus' format.
  public var metrics: @Sendable () -> String
  /// What `/ready` says.
  public var readiness: @Sendable () -> Readiness
  /// The text of `/config`, as YAML. The tokens are in it where `showsTokens` says so.
  public var configuration: @Sendable (_ showsTokens: Bool) -> String

  public init(
    metrics: @escaping @Sendable () -> String, readiness: @escaping @Sendable () -> Readiness,
    configuration: @escaping @Sendable (_ showsTokens: Bool) -> String
  ) {
    self.metrics = metrics
    self.readiness = readiness
    self.configuration = configuration
  }
}
