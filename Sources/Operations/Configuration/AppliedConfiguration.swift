import DataPath
import FilterKit
import ProxyConfiguration
import SocketPath

/// A configuration with everything found that the workers need.
struct AppliedConfiguration: Sendable {
  /// The file that it came from.
  let file: String
  let configuration: Configuration
  /// Where each endpoint is.
  let addresses: [SocketAddress]
  let routing: RoutingTable
  /// Names that turned out to be one server.
  let warnings: [String]

  /// Looks names up that were not looked up before.
  init(_ configuration: Configuration, file: String, names: EndpointNames) throws(EndpointLookupError) {
    self.file = file
    self.configuration = configuration
    addresses = try names.addresses(of: configuration.endpoints)
    var routes: [RoutingTable.Endpoint] = []
    var places: [SocketAddress: (route: Int, endpoint: Int)] = [:]
    var warnings: [String] = []
    for (number, (endpoint, address)) in zip(configuration.endpoints, addresses).enumerated() {
      if let place = places[address] {
        // Twice in the table would be two copies of every packet.
        routes[place.route].tokens += endpoint.tokens
        let first = configuration.endpoints[place.endpoint].address
        warnings.append("the endpoints \(first) and \(endpoint.address) are both \(address), and count as one")
      } else {
        places[address] = (routes.count, number)
        routes.append(RoutingTable.Endpoint(address, tokens: endpoint.tokens))
      }
    }
    routing = RoutingTable(routes)
    self.warnings = warnings
  }

  var snapshot: Snapshot { Snapshot(chain: configuration.chain, routing: routing) }

  /// What was loaded, in one line.
  var summary: String {
    let labels = configuration.chain.nodes.map(\.label)
    let shown = labels.prefix(12).joined(separator: ", ") + (labels.count > 12 ? ", …" : "")
    let filters = count(labels.count, "filter") + (labels.isEmpty ? "" : " (\(shown))")
    return
      "\(file): \(filters), \(count(routing.endpoints.count, "endpoint")), \(count(routing.tokenCount, "token"))"
  }
}

/// A number with its noun.
package func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
