import FilterKit

/// Reads `clusters` and makes sure that no endpoint stands in it twice.
struct ClusterReader {
  private(set) var endpoints: [Endpoint] = []
  private var places: [EndpointAddress: Mark] = [:]

  mutating func read(_ cluster: inout Options) {
    let locality = cluster.node("locality").flatMap { Self.locality($0, &cluster) }
    let read = cluster.list("endpoints") { endpoint in
      (Self.endpoint(&endpoint, locality), endpoint.mark(of: "address"))
    }
    for case (let endpoint?, let mark) in read {
      if let first = places[endpoint.address] {
        cluster.report(
          "duplicate endpoint \(endpoint.address) (first at line \(first.line), column \(first.column))", at: mark)
      } else {
        places[endpoint.address] = mark
        endpoints.append(endpoint)
      }
    }
  }

  private static func endpoint(_ options: inout Options, _ locality: Locality?) -> Endpoint? {
    let address = address(&options)
    var tokens: [[UInt8]] = []
    var metadata: [String: EndpointMetadata] = [:]
    if let node = options.node("metadata") { (tokens, metadata) = Self.metadata(node, &options) }
    return address.map { Endpoint(address: $0, tokens: tokens, metadata: metadata, locality: locality) }
  }

  private static func address(_ options: inout Options) -> EndpointAddress? {
    if let node = options.node("address"), case .sequence = node.content {
      options.report(
        "expected an address, found a list (put an IPv6 address in quotes: \"[::1]:7777\")", at: node.mark)
      return nil
    }
    let text = options.string("address")
    guard !text.isEmpty || options.node("address")?.text != nil else { return nil }
    do {
      return try EndpointAddress(text)
    } catch {
      options.report("\(error)", at: options.mark(of: "address"))
      return nil
    }
  }

  // MARK: Metadata

  private static let routingKey = "quilkin.dev"

  private static func metadata(
    _ node: ConfigurationNode, _ options: inout Options
  ) -> (tokens: [[UInt8]], other: [String: EndpointMetadata]) {
    guard case .mapping(let entries) = node.content else {
      options.expect("a mapping", at: node)
      return ([], [:])
    }
    var tokens: [[UInt8]] = []
    var other: [String: EndpointMetadata] = [:]
    for entry in entries {
      if entry.key == routingKey {
        tokens = options.object(at: entry.value) { Self.tokens(&$0) }
      } else {
        if hasTokens(entry.value), Spelling.nearest(to: entry.key, among: [routingKey]) != nil {
          options.warn(
            "\(excerpt(entry.key)) is kept and routes nothing (did you mean '\(routingKey)'?)", at: entry.keyMark)
        }
        other[entry.key] = EndpointMetadata(entry.value)
      }
    }
    return (tokens, other)
  }

  private static func hasTokens(_ node: ConfigurationNode) -> Bool {
    if case .mapping(let entries) = node.content { entries.contains { $0.key == "tokens" } } else { false }
  }

  private static func tokens(_ options: inout Options) -> [[UInt8]] {
    guard let written = options.optionalBase64List("tokens") else { return [] }
    guard written.count > 1 else { return written.map(\.bytes) }
    var seen = TokenSet(capacity: written.count)
    return written.compactMap { bytes, mark in
      if seen.insert(bytes) { return bytes }
      options.warn("this token stands in the list before", at: mark)
      return nil
    }
  }

  // MARK: Locality

  private static func locality(_ node: ConfigurationNode, _ options: inout Options) -> Locality? {
    if case .mapping = node.content {
      return options.object(at: node) { part in
        Locality(
          region: part.string("region"), zone: part.string("zone", default: ""),
          subZone: part.string("sub_zone", default: ""))
      }
    }
    if let locality = node.text.flatMap(Locality.init) { return locality }
    options.expect("'region', 'region:zone' or 'region:zone:sub_zone'", at: node)
    return nil
  }
}
