import FilterKit
import ProxyConfiguration

/// Shows the configuration that is applied, in the form of a configuration file.
struct ConfigurationText {
  let showsTokens: Bool

  func text(of applied: AppliedConfiguration) -> String {
    let configuration = applied.configuration
    var entries = [entry("version", plain("v1alpha1"))]
    if let id = configuration.id { entries.append(entry("id", quoted(id))) }
    entries.append(entry("filters", list(configuration.filters)))
    entries.append(entry("clusters", clusters(configuration.endpoints)))
    var yaml = YAMLText()
    yaml.print(entries)
    return comments(applied) + yaml.text
  }

  private func comments(_ applied: AppliedConfiguration) -> String {
    var comments = "# from \(JSONString.quoted(applied.file))\n"
    for (endpoint, address) in zip(applied.configuration.endpoints, applied.addresses) {
      if endpoint.address.socketAddress == nil { comments += "# \(endpoint.address) was found at \(address.ip)\n" }
    }
    return comments
  }

  /// Endpoints that follow each other and are at the same place make a cluster again.
  private func clusters(_ endpoints: [Endpoint]) -> ConfigurationNode {
    var clusters: [ConfigurationNode] = []
    var rest = endpoints[...]
    while let first = rest.first {
      let members = rest.prefix { $0.locality == first.locality }
      rest = rest.dropFirst(members.count)
      var entries: [ConfigurationNode.Entry] = []
      if let locality = first.locality { entries.append(entry("locality", quoted("\(locality)"))) }
      entries.append(entry("endpoints", list(members.map(endpoint))))
      clusters.append(mapping(entries))
    }
    return list(clusters)
  }

  private func endpoint(_ endpoint: Endpoint) -> ConfigurationNode {
    var metadata: [ConfigurationNode.Entry] = []
    if !endpoint.tokens.isEmpty {
      let tokens = list(endpoint.tokens.map { quoted(token($0)) })
      metadata.append(entry("quilkin.dev", mapping([entry("tokens", tokens)])))
    }
    for (key, value) in endpoint.metadata.sorted(by: { $0.key < $1.key }) { metadata.append(entry(key, node(value))) }
    var entries = [entry("address", quoted("\(endpoint.address)"))]
    if !metadata.isEmpty { entries.append(entry("metadata", mapping(metadata))) }
    return mapping(entries)
  }

  private func token(_ token: [UInt8]) -> String {
    showsTokens ? Base64.encode(token) : "…(\(token.count) byte\(token.count == 1 ? "" : "s"))"
  }

  private func node(_ metadata: EndpointMetadata) -> ConfigurationNode {
    switch metadata {
    case .null: plain("null")
    case .bool(let value): plain("\(value)")
    case .integer(let value): plain("\(value)")
    case .number(let value): plain("\(value)")
    case .string(let value): quoted(value)
    case .list(let values): list(values.map(node))
    case .mapping(let values): mapping(values.sorted { $0.key < $1.key }.map { entry($0.key, node($0.value)) })
    }
  }

  // MARK: Parts of a tree

  private func plain(_ text: String) -> ConfigurationNode { ConfigurationNode(.plain(text), at: .start) }
  private func quoted(_ text: String) -> ConfigurationNode { ConfigurationNode(.quoted(text), at: .start) }
  private func list(_ items: [ConfigurationNode]) -> ConfigurationNode {
    ConfigurationNode(.sequence(items), at: .start)
  }
  private func mapping(_ entries: [ConfigurationNode.Entry]) -> ConfigurationNode {
    ConfigurationNode(.mapping(entries), at: .start)
  }
  private func entry(_ key: String, _ value: ConfigurationNode) -> ConfigurationNode.Entry {
    ConfigurationNode.Entry(key: key, keyMark: .start, value: value)
  }
}
