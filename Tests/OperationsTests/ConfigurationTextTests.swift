import FilterKit
import Filters
import Logging
import ProxyConfiguration
import Testing

@testable import Operations

@Suite struct ConfigurationTextTests {
  private static let file = """
    version: v1alpha1
    id: 'edge "1"'
    filters:
      - name: Capture
        label: "the: version"
        config:
          metadataKey: "#key"
          suffix: {size: 1, remove: true}
      - name: Match
        config:
          on_read:
            metadataKey: "#key"
            branches:
              - {value: 1, name: Pass}
              - {value: "1", name: Drop, label: text}
            fallthrough: {name: Pass}
      - name: Concatenate
        config: {bytes: "AQI="}
    clusters:
      - locality: eu:fra
        endpoints:
          - address: 192.0.2.1:7000
            metadata:
              quilkin.dev: {tokens: [YWJj, ""]}
              "yes": [1, 2.5, ~, "null", {a: b, "c d": []}, true]
          - address: "[2001:db8::1]:7000"
      - endpoints:
          - address: localhost:7001
    """

  private func load(_ text: String) throws -> Configuration {
    try ConfigurationFile.read(text, file: "file.yaml", registry: .builtin, metrics: Metrics())
  }

  private func shown(_ text: String, tokens: Bool) throws -> String {
    let names = EndpointNames(Metrics(), logger: Logger(label: "test"))
    return ConfigurationText(showsTokens: tokens).text(
      of: try AppliedConfiguration(try load(text), file: "file.yaml", names: names))
  }

  @Test("What is shown with its tokens is a configuration file with the same meaning")
  func roundTrip() throws {
    let first = try load(Self.file)
    let text = try shown(Self.file, tokens: true)
    let second = try load(text)
    #expect(second.id == first.id)
    #expect(second.endpoints == first.endpoints)
    #expect(second.chain.nodes.map(\.label) == first.chain.nodes.map(\.label))
    // Marks differ, all else does not: printed again, it is the same text.
    #expect(try shown(text, tokens: true) == text)
  }

  @Test("Tokens are hidden unless asked for")
  func tokens() throws {
    let hidden = try shown(Self.file, tokens: false)
    #expect(hidden.contains(#"tokens:\#n              - "…(3 bytes)"\#n              - "…(0 bytes)""#))
    #expect(!hidden.contains("YWJj"))
    #expect(try shown(Self.file, tokens: true).contains(#"- "YWJj"\#n"#))
  }

  @Test("Names are shown with what they were found to be")
  func names() throws {
    let text = try shown(Self.file, tokens: false)
    #expect(text.hasPrefix("# from \"file.yaml\"\n# localhost:7001 was found at "))
  }

  @Test("A configuration without anything is one")
  func empty() throws {
    #expect(
      try shown("version: v1alpha1", tokens: false)
        == "# from \"file.yaml\"\nversion: v1alpha1\nfilters: []\nclusters: []\n")
  }
}
