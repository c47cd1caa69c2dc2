import CDataPath
import FilterKit
import Testing

@testable import KernelPath

/// The chains that are hardest to verify, surrounded by all that the image has room for.
@Suite(.requiresPrograms) struct WorstChainTests {
  /// A chain, and how many instructions the verifier may walk for it at most: a tenth more than it did on kernel 6.18. The kernel
  /// gives up at 1,000,000.
  struct Worst: CustomTestStringConvertible {
    let testDescription: String
    let filters: [String]
    let bound: Int
  }

  private static let capture = "{name: Capture, config: {metadataKey: b, suffix: {size: 8, remove: true}}}"
  private static func suffix(_ size: Int) -> String {
    "{name: Capture, config: {metadataKey: a, suffix: {size: \(size), remove: true}}}"
  }
  private static let prefix = "{name: Capture, config: {metadataKey: a, prefix: {size: 17, remove: true}}}"
  private static let size = "{name: PacketSize, config: {min: 3, max: 1200, on_write: {min: 5, max: 1300}}}"
  private static let timestamp = "{name: Timestamp, config: {metadataKey: b}}"
  private static let rules =
    "{action: DENY, sources: [10.1.2.3/32], ports: [950-60000]}, {action: ALLOW, sources: ['fd00::/9'], ports: [3-60000]}, "
    + "{action: DENY, sources: ['::/0'], ports: [68-60000]}, {action: ALLOW, sources: [0.0.0.0/0], ports: [223-60000]}"
  private static let firewall = "{name: Firewall, config: {on_read: [\(rules)], on_write: [\(rules)]}}"
  private static let networks =
    "{name: Firewall, config: {on_read: [\(rules), \(rules)], on_write: [\(rules), \(rules)]}}"
  private static let mixedRules =
    "{name: Firewall, config: {on_read: [{action: ALLOW, sources: ['::/0'], ports: [284-60000]}, "
    + "{action: DENY, sources: [10.0.0.0/8], ports: [83-60000]}, {action: ALLOW, sources: [10.1.2.3/32], ports: [746-60000]}, "
    + "{action: ALLOW, sources: ['::/0'], ports: [844-60000]}], "
    + "on_write: [{action: ALLOW, sources: [10.0.0.0/8], ports: [600-60000]}, "
    + "{action: ALLOW, sources: ['fd00::/9'], ports: [449-60000]}, {action: ALLOW, sources: ['fd00::/9'], ports: [772-60000]}, "
    + "{action: ALLOW, sources: ['fd00::/9'], ports: [92-60000]}]}}"
  /// More networks than the image has room for rules.
  private static let five =
    "{action: ALLOW, sources: [10.0.0.0/8, 11.0.0.0/8, 12.0.0.0/8, 13.0.0.0/8, 'fd00::/8'], ports: [5-6000]}"
  private static let table = "{name: Firewall, config: {on_read: [\(five)], on_write: [\(five)]}}"
  private static let limit = "{name: LocalRateLimit, config: {max_packets: 5}}"
  private static let turns = "{name: LoadBalancer, config: {policy: ROUND_ROBIN}}"
  private static let concatenate =
    "{name: Concatenate, config: {on_read: PREPEND, on_write: APPEND, bytes: MDEyMzQ1Njc4}}"

  static let all = [
    // One Timestamp has 26 counters, and there are 256.
    Worst(
      testDescription: "timestamps", filters: [capture] + Array(repeating: timestamp, count: 9), bound: 71_000),
    Worst(
      testDescription: "sixteen slots",
      filters: [
        turns, capture, limit, size, firewall, size, prefix, timestamp, networks, timestamp, prefix, size, limit,
        firewall,
        concatenate, concatenate,
      ], bound: 72_000),
    // What a search among random chains came to (`KernelCost --worst`).
    Worst(
      testDescription: "found by search",
      filters: [
        mixedRules, "{name: Capture, config: {metadataKey: b, prefix: {size: 8}}}", timestamp, table, timestamp,
        suffix(3), table, "{name: TokenRouter, config: {metadataKey: b}}",
        "{name: Capture, config: {metadataKey: a, prefix: {size: 0, remove: true}}}", size, suffix(25),
        "{name: LoadBalancer, config: {policy: RANDOM}}", timestamp, table, timestamp, timestamp,
      ], bound: 281_000),
  ]

  @Test(arguments: all) func isWalkedSoon(_ worst: Worst) throws {
    let plan = ChainPlan(try Chain(filters: worst.filters))
    try #require(plan.refusal == nil)
    // Interfaces, addresses and checksums are as many and as much as there can be.
    let addresses = (0..<UInt32(CHAIN_ADDRESSES)).map { number in
      number % 2 == 0
        ? IPAddress(v4: 0x0a00_0001 + number) : IPAddress(high: 0xfd00_0000_0000_0000, low: UInt64(number))
    }
    let interfaces = (0..<UInt32(CHAIN_INTERFACES)).map { number in
      var way = interface()
      way.index = number + 1
      way.generic = UInt8(number % 2)
      return way
    }
    let program = try KernelProgram.forTrial(
      plan, RoutingTable([.init(try SocketAddress("10.0.0.5:9000"))]), addresses: addresses, port: 7777,
      interfaces: interfaces, hopLifetime: 100, needsFullChecksums: true)
    #expect(program.verifiedInstructions <= worst.bound)
  }
}
