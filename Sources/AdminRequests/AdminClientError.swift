package import FilterKit

/// Why an admin page could not be read.
package struct AdminClientError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where it was looked for.
  package let address: SocketAddress
  /// What the system said, or what is wrong with the answer.
  package let reason: String

  package init(address: SocketAddress, reason: String) {
    self.address = address
    self.reason = reason
  }

  package var description: String {
    "no proxy answers on \(address): \(reason); name the address of its admin pages with --admin (a proxy that runs with "
      + "--no-admin has none)"
  }
}
