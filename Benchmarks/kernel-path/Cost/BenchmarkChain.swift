import FilterKit
import Filters
import ProxyConfiguration

/// A chain that is measured, and the program by hand for it.
struct BenchmarkChain {
  /// Also the name of the file that holds the program by hand.
  let name: String
  let title: String
  /// As YAML, without the list's brackets.
  let filters: String
  /// What the payload ends with.
  var suffix: [UInt8] = []
  /// By how much the start of the frame moves.
  var shift = 0
  /// Packets of a client are known to the kernel only after the sockets saw one.
  var remembersClients = false
  /// What both programs count may differ by the time between them.
  var observesTime = false
  /// Without tokens all packets go to the one endpoint; a chain that chooses has four.
  var endpointCount = 1

  static let token = Array("abcdefghijklmnop".utf8)
  private static let version = "{name: Capture, config: {metadataKey: v, suffix: {size: 1, remove: true}}}"
  private static let few = """
    {name: Firewall, config: {on_write: [], on_read: [
      {action: DENY, sources: [10.9.0.0/16], ports: [0-65536]}, {action: DENY, sources: [0.0.0.0/0], ports: [0-1024]},
      {action: ALLOW, sources: [10.0.0.0/8], ports: [0-65536]}]}}
    """
  private static let many =
    "{name: Firewall, config: {on_write: [], on_read: ["
    + (0..<100).map { "{action: DENY, sources: [10.\($0 + 100).0.0/16], ports: [0-65536]}, " }.joined()
    + "{action: ALLOW, sources: [10.0.0.0/8], ports: [0-65536]}]}}"

  static let all = [
    Self(
      name: "prefix", title: "Capture, prefix", filters: "{name: Capture, config: {prefix: {size: 8, remove: true}}}",
      shift: 8),
    Self(
      name: "suffix", title: "Capture, suffix", filters: "{name: Capture, config: {suffix: {size: 8, remove: true}}}"),
    Self(
      name: "token", title: "TokenRouter, with Capture",
      filters: "{name: Capture, config: {suffix: {size: 16, remove: true}}}, {name: TokenRouter}", suffix: token),
    Self(name: "size", title: "PacketSize", filters: "{name: PacketSize, config: {max: 1200}}"),
    Self(
      name: "match", title: "Match, with Capture",
      filters:
        "\(version), {name: Match, config: {on_read: {metadataKey: v, branches: [{value: 1, name: Pass}]}}}",
      suffix: [1]),
    Self(name: "firewall", title: "Firewall, 3 rules", filters: few),
    Self(name: "networks", title: "Firewall, 101 networks", filters: many),
    Self(
      name: "turns", title: "LoadBalancer, ROUND_ROBIN", filters: "{name: LoadBalancer}", endpointCount: 4),
    Self(
      name: "random", title: "LoadBalancer, RANDOM", filters: "{name: LoadBalancer, config: {policy: RANDOM}}",
      endpointCount: 4),
    Self(
      name: "hash", title: "LoadBalancer, HASH", filters: "{name: LoadBalancer, config: {policy: HASH}}",
      endpointCount: 4),
    Self(
      name: "ring", title: "LoadBalancer, CONSISTENT_HASH",
      filters: "{name: LoadBalancer, config: {policy: CONSISTENT_HASH}}", endpointCount: 4),
    Self(
      name: "limit", title: "LocalRateLimit",
      filters: "{name: LocalRateLimit, config: {max_packets: 1000000000}}", remembersClients: true),
    Self(
      name: "append", title: "Concatenate, APPEND",
      filters: "{name: Concatenate, config: {on_read: APPEND, bytes: MTIzNDU2Nzg=}}"),
    Self(
      name: "prepend", title: "Concatenate, PREPEND",
      filters: "{name: Concatenate, config: {on_read: PREPEND, bytes: MTIzNDU2Nzg=}}", shift: -8),
    Self(
      name: "timestamp", title: "Timestamp, with Capture",
      filters:
        "{name: Capture, config: {metadataKey: t, suffix: {size: 8}}}, {name: Timestamp, config: {metadataKey: t}}",
      suffix: [0, 0, 0, 0, 0x65, 0x53, 0xf1, 0], observesTime: true),
    Self(
      name: "game", title: "game: version, token",
      filters: """
        \(version), {name: Match, config: {on_read: {metadataKey: v, branches: [{value: 1, name: Pass}]}}},
        {name: Capture, config: {suffix: {size: 16, remove: true}}}, {name: TokenRouter}
        """, suffix: token + [1]),
    Self(
      name: "edge", title: "edge: 3 rules, size, limit, HASH",
      filters: """
        \(few), {name: PacketSize, config: {max: 1200}}, {name: LocalRateLimit, config: {max_packets: 1000000000}},
        {name: LoadBalancer, config: {policy: HASH}}
        """, remembersClients: true, endpointCount: 4),
    Self(
      name: "switch", title: "switch: tokens by version",
      filters: """
        \(version), {name: Match, config: {on_read: {metadataKey: v, branches: [
          {value: 1, name: Capture, config: {suffix: {size: 16, remove: true}}},
          {value: 2, name: Capture, config: {suffix: {size: 8, remove: true}}}]}}}, {name: TokenRouter}
        """, suffix: token + [1]),
  ]

  /// The chain as the proxy reads it.
  func chain(_ metrics: Metrics) throws(Failure) -> Chain {
    let diagnostics = Diagnostics()
    let root = YAMLDocument.read(Array("[\(filters)]".utf8).span, diagnostics: diagnostics)
    guard case .sequence(let entries)? = root?.content else { throw Failure("\(name): the filters are no list") }
    let chain = Chain.read(entries, registry: .builtin, metrics: metrics, diagnostics: diagnostics)
    guard !diagnostics.hasErrors else {
      throw Failure("\(name): \(diagnostics.report.lines(in: "filters").joined(separator: "\n"))")
    }
    return chain
  }
}

/// Why the measurement cannot go on.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
