import FilterKit
import TestNetwork

/// A configuration with a token of one byte at the end of a datagram.
struct Routes {
  let folder: TemporaryDirectory
  let file: String

  /// - Parameter routes: Tokens with the servers that they lead to.
  init(_ routes: [(token: String, server: SocketAddress)]) throws {
    folder = try TemporaryDirectory()
    file = try folder.write(Self.text(routes), to: "routes.yaml")
  }

  /// Writes the file anew.
  /// - Parameters:
  ///   - first: A filter in front of the others, in YAML.
  ///   - comment: Text behind all.
  func change(to routes: [(token: String, server: SocketAddress)], first: String? = nil, comment: String = "") throws {
    try replace(by: Self.text(routes, first: first) + comment)
  }

  /// Writes the file anew.
  func replace(by text: String) throws { try folder.write(text, to: "routes.yaml") }

  private static func text(_ routes: [(token: String, server: SocketAddress)], first: String? = nil) -> String {
    """
    version: v1alpha1
    filters:\(first.map { "\n  - \($0)" } ?? "")
      - name: Capture
        config: {suffix: {size: 1, remove: true}}
      - name: TokenRouter
        label: router
    clusters:
      - endpoints:

    """
      + routes.map { route in
        """
              - address: "\(route.server)"
                metadata: {quilkin.dev: {tokens: ["\(Base64.encode(Array(route.token.utf8)))"]}}

        """
      }.joined()
  }
}
