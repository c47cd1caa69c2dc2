public import FilterKit

/// Why the admin server does not serve.
public struct AdminServerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The address that it was to listen on.
  public let address: SocketAddress
  /// What the system said.
  public let reason: String

  public var description: String {
    "the admin server cannot listen on \(address): \(reason); choose another address with --admin, or none with --no-admin"
  }
}
