import CDataPath
import FilterKit
import FilterTesting
import Filters
import KernelPath
import ProxyConfiguration
import Testing

/// More than the image holds is a reason to leave a chain to the sockets, and never a program that does not load.
@Suite struct ChainLimitTests {
  /// What the image has room for, and chains with just that many and with one more.
  struct Limit: CustomTestStringConvertible {
    let testDescription: String
    let room: Int
    let reason: String
    /// The filters for a number of them.
    let filters: @Sendable (Int) -> [String]
  }

  private static func capture(_ key: String, _ size: Int = 8) -> String {
    "{name: Capture, config: {metadataKey: \(key), suffix: {size: \(size)}}}"
  }
  private static func match(_ branches: [String]) -> String {
    "{name: Match, config: {on_read: {metadataKey: k, branches: [\(branches.joined(separator: ", "))]}}}"
  }

  static let all = [
    Limit(testDescription: "slots", room: 16, reason: "more than the 16 slots") { count in
      Array(repeating: "{name: PacketSize, config: {max: 9}}", count: count)
    },
    // A branch takes two slots, what stands behind all of them two, and Capture one.
    Limit(testDescription: "branches", room: 6, reason: "more than the 16 slots") { count in
      [capture("k"), match((0..<count).map { "{value: \($0), name: Pass}" })]
    },
    Limit(testDescription: "values", room: 4, reason: "more than the 4 metadata values") { count in
      (0..<count).flatMap { [capture("k\($0)"), "{name: TokenRouter, config: {metadataKey: k\($0)}}"] }
    },
    Limit(testDescription: "captured bytes", room: 32, reason: "captures 33 bytes") { count in [capture("k", count)] },
    Limit(testDescription: "compared bytes", room: 32, reason: "more than 32 bytes") { count in
      [capture("k"), match(["{value: '\(String(repeating: "x", count: count))', name: Pass}"])]
    },
    // A histogram has 26.
    Limit(testDescription: "counters", room: 9, reason: "more than the 256 counters") { count in
      [capture("k")] + Array(repeating: "{name: Timestamp, config: {metadataKey: k}}", count: count)
    },
    Limit(testDescription: "limits", room: 2, reason: "counts for 2 limits in a direction") { count in
      Array(repeating: "{name: LocalRateLimit, config: {max_packets: 5}}", count: count)
    },
    Limit(testDescription: "filters", room: 64, reason: "more than the 64 filters") { count in
      Array(repeating: "{name: Pass}", count: count)
    },
    Limit(testDescription: "sets of ports", room: 1_024, reason: "more than 1024 different sets of ports") { count in
      let rules = (0..<count).map {
        "{action: ALLOW, sources: [10.\($0 >> 8).\($0 & 255).0/24], ports: [\($0 + 1)]}"
      }
      return ["{name: Firewall, config: {on_write: [], on_read: [\(rules.joined(separator: ", "))]}}"]
    },
  ]

  @Test(arguments: all) func whatDoesNotFitIsLeftToTheSockets(_ limit: Limit) throws {
    let fitting = ChainPlan(try Chain(filters: limit.filters(limit.room)))
    #expect(fitting.refusal == nil)
    let refusal = try #require(ChainPlan(try Chain(filters: limit.filters(limit.room + 1))).refusal)
    #expect(refusal.reason.contains(limit.reason), "\(refusal.reason)")
  }

  @Test func rulesThatDoNotFitIntoTheImageGoIntoATable() throws {
    // Four Firewalls with four rules a direction: the image holds 16 rules.
    let rules = (0..<4).map { "{action: ALLOW, sources: [10.\($0).0.0/16], ports: [\($0 + 1)]}" }.joined(
      separator: ", ")
    let firewall = "{name: Firewall, config: {on_read: [\(rules)], on_write: [\(rules)]}}"
    let plan = ChainPlan(try Chain(filters: Array(repeating: firewall, count: 4)))
    #expect(plan.refusal == nil)
    #expect(plan.tables.rules.count == 16)
    #expect(plan.tables.prefixTables == 4)
  }

  @Test func moreAddressesThanTheImageHoldsAreRefused() throws {
    let plan = ChainPlan(try Chain(filters: []))
    let addresses = (0...UInt32(CHAIN_ADDRESSES)).map { IPAddress(v4: 0x0a00_0001 + $0) }
    _ = try image(plan, addresses: Array(addresses.dropLast()), port: 7777, interfaces: [], hopLifetime: 1)
    #expect(throws: KernelPathError.self) {
      try image(plan, addresses: addresses, port: 7777, interfaces: [], hopLifetime: 1)
    }
  }
}

extension Chain {
  /// A chain of filters that are given as YAML.
  init(filters: [String], registry: FilterRegistry = .builtin) throws {
    let diagnostics = Diagnostics()
    let root = YAMLDocument.read(Array("[\(filters.joined(separator: ", "))]".utf8).span, diagnostics: diagnostics)
    guard case .sequence(let entries)? = root?.content else { throw Frame.Problem("the filters are no list") }
    self = Chain.read(entries, registry: registry, metrics: Metrics(), diagnostics: diagnostics, log: { _ in })
    guard !diagnostics.hasErrors else {
      throw Frame.Problem(diagnostics.report.lines(in: "filters").joined(separator: "\n"))
    }
  }
}
