import FilterKit
import ProxyConfiguration

/// Reads the text of a trial: filters alone, or a configuration with clusters.
struct TrialReader {
  let filters: [ConfigurationNode]
  private(set) var endpoints: [RoutingTable.Endpoint]

  init(_ text: String) throws(ChainRefused) {
    let diagnostics = Diagnostics()
    let root = YAMLDocument.read(Array(text.utf8).span, diagnostics: diagnostics)
    var endpoints: [RoutingTable.Endpoint] = []
    if case .sequence(let entries)? = root?.content {
      filters = entries
    } else if let root {
      let parts = ConfigurationFile.parts(of: root, diagnostics: diagnostics)
      filters = parts.filters
      for endpoint in parts.endpoints {
        guard let address = endpoint.address.socketAddress else {
          diagnostics.error("\(endpoint.address) is a name: the endpoints of a trial are addresses", at: root.mark)
          continue
        }
        endpoints.append(RoutingTable.Endpoint(address, tokens: endpoint.tokens))
      }
      if !parts.hasClusters { endpoints = [RoutingTable.Endpoint(TrialChain.defaultEndpoint)] }
    } else {
      filters = []
    }
    if case .sequence? = root?.content { endpoints = [RoutingTable.Endpoint(TrialChain.defaultEndpoint)] }
    self.endpoints = endpoints
    guard !diagnostics.hasErrors else { throw ChainRefused(lines: diagnostics.report.lines(in: "chain")) }
  }

  /// Takes these servers instead of those of the text.
  mutating func use(_ servers: [TrialEndpoint]) throws(AddressError) {
    endpoints = []
    for server in servers {
      endpoints.append(RoutingTable.Endpoint(try SocketAddress(server.address), tokens: server.tokens.map(\.bytes)))
    }
  }

  /// What the filters have to say that is no error.
  func warnings(_ registry: FilterRegistry) -> [String] {
    let diagnostics = Diagnostics()
    _ = Chain.read(filters, registry: registry, metrics: Metrics(), diagnostics: diagnostics, log: { _ in })
    return diagnostics.report.lines(in: "chain")
  }
}
