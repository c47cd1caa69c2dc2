import FilterKit

/// A server of a trial.
public struct TrialEndpoint: Sendable, ExpressibleByStringLiteral {
  /// Address and port, such as `203.0.113.1:26000` or `[2001:db8::51]:26000`.
  public var address: String
  /// The tokens that lead to it.
  public var tokens: [Payload]

  public init(_ address: String, tokens: [Payload] = []) {
    self.address = address
    self.tokens = tokens
  }

  public init(stringLiteral address: String) { self.init(address) }
}
