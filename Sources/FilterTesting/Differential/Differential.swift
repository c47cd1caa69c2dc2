public import FilterKit
import Glibc
import ProxyConfiguration

/// Random chains and random packets, through the filters in Swift and through the kernel's program: nobody can tell them apart.
///
/// ```swift
/// @Test func thePathsAgree() throws {
///   try Differential(filters: .withMine, including: ["{name: XORToken, config: {size: 4}}"], packets: 10_000).run()
/// }
/// ```
///
/// Compared is every byte of the frames that come out, the verdicts, the causes for which packets are left to the sockets, and all counters.
/// That the kernel refuses the program for a chain is a difference too.
/// What is found is made as small as it can be, and shown as a case for a cases file.
///
/// Chain number n of a run has the seed 1 + n, so that every run is the same. The environment changes that: `DIFFERENTIAL_SEED` is
/// the first seed, `DIFFERENTIAL_CHAINS` and `DIFFERENTIAL_PACKETS` (of each chain) make a run longer:
///
///     DIFFERENTIAL_SEED=1000 DIFFERENTIAL_CHAINS=10000 DIFFERENTIAL_PACKETS=1000 swift test --filter thePathsAgree
///
/// It needs what the kernel's program needs, see `TestEngine.kernel`. Where that is missing nothing is run, which a line on standard error
/// says; with `CI=true` in the environment it is an error.
public struct Differential: Sendable {
  private let registry: FilterRegistry
  private let samples: [String]
  private let chain: String?
  private let payloads: [[UInt8]]
  private let packets: Int
  private static let packetsOfChain = 200

  /// - Parameters:
  ///   - registry: the filters of the proxy. The builtin ones in it are the rest of the chains.
  ///   - samples: filters as entries of a chain, in YAML. Each random chain has at least one of them. The other filters keep what they
  ///     capture under `quilkin.dev/capture` and `k`: a sample that uses these keys works together with them. None: only builtin ones.
  ///   - payloads: datagrams that the samples have something to do with. Half of the packets is made of them, also with changed bits and
  ///     other sizes; the rest is random.
  ///   - packets: how many packets are run, 200 for each chain.
  public init(
    filters registry: FilterRegistry, including samples: [String] = [], payloads: [Payload] = [], packets: Int = 10_000
  ) {
    self.init(registry, samples, nil, payloads, packets)
  }

  /// Always the same chain, with random endpoints, tokens and packets.
  ///
  /// - Parameters:
  ///   - registry: the filters that the chain may name.
  ///   - chain: a list of filters in YAML.
  ///   - payloads: datagrams that the chain has something to do with. Half of the packets is made of them.
  ///   - packets: how many packets are run, 200 for each choice of endpoints and tokens.
  public init(filters registry: FilterRegistry, chain: String, payloads: [Payload] = [], packets: Int = 10_000) {
    self.init(registry, [], chain, payloads, packets)
  }

  private init(
    _ registry: FilterRegistry, _ samples: [String], _ chain: String?, _ payloads: [Payload], _ packets: Int
  ) {
    self.registry = registry
    self.samples = samples
    self.chain = chain
    self.payloads = payloads.map(\.bytes)
    self.packets = packets
  }

  /// What came of the packets.
  public struct Tally: Sendable {
    public internal(set) var packets = 0
    /// Packets that the kernel sent, and dropped.
    public internal(set) var sent = 0
    public internal(set) var dropped = 0
    /// Packets that the kernel left to the sockets.
    public internal(set) var handedOver = 0
    public internal(set) var chains = 0
    /// Chains that were not run, by the reason.
    public internal(set) var refused: [String: Int] = [:]
  }

  /// Runs all packets.
  ///
  /// - Returns: what came of them; nil where the kernel's program cannot be had.
  /// - Throws: `PathsDiffer`; `DifferentialUseless` where the kernel ran no chain; `EngineUnavailable` in CI.
  @discardableResult public func run() throws -> Tally? {
    if let obstacle = registry.program.obstacle { throw DifferentialUseless(refused: [obstacle: 1]) }
    let empty = TrialChain(registry: registry, filters: [], endpoints: [])
    guard try TestEngine.kernelRun(empty).run != nil else { return nil }
    let samples = try samples.map { try Self.filter($0) }
    let fixed = try chain.map { try Self.list($0) }
    let preferred = FilterRow.runnable(in: registry)
    let first = Self.setting("SEED") ?? 1
    let chains = Self.setting("CHAINS") ?? max(1, packets / Self.packetsOfChain)
    let packets = Self.setting("PACKETS") ?? min(packets, Self.packetsOfChain)
    var tally = Tally()
    var findings: [String] = []
    for number in 0..<chains where findings.count < 5 {
      let seed = UInt64(first + number)
      var generator = ChainGenerator(
        random: SeededGenerator(seed: seed), registry: registry, preferring: preferred, samples: samples, fixed: fixed,
        payloads: payloads)
      guard let test = Self.test(&generator, packets: packets, &tally), let run = DifferentialRun(test, &tally) else {
        continue
      }
      tally.chains += 1
      let problems = try run.run(&tally)
      if !problems.isEmpty { findings.append(Self.finding(test, seed, problems)) }
      if (number + 1) % 1_000 == 0 { Self.show(tally) }
    }
    Self.show(tally)
    guard findings.isEmpty else { throw PathsDiffer(findings: findings) }
    guard tally.chains > 0 else { throw DifferentialUseless(refused: tally.refused) }
    return tally
  }

  private static func setting(_ name: String) -> Int? {
    getenv("DIFFERENTIAL_\(name)").flatMap { Int(String(cString: $0)) }
  }

  // MARK: - Chains

  private static func filter(_ text: String) throws(ChainRefused) -> FilterTree {
    let trees: [FilterTree]
    let node = try read(text)
    if case .sequence(let entries) = node.content { trees = try entries.map(tree) } else { trees = [try tree(node)] }
    guard trees.count == 1 else {
      throw ChainRefused(lines: ["a sample is one filter, found \(trees.count) in: \(text)"])
    }
    return trees[0]
  }

  private static func list(_ text: String) throws(ChainRefused) -> [FilterTree] {
    guard case .sequence(let entries) = try read(text).content else {
      throw ChainRefused(lines: ["the chain is no list of filters: \(text)"])
    }
    return try entries.map(tree)
  }

  private static func tree(_ node: ConfigurationNode) throws(ChainRefused) -> FilterTree {
    guard case .mapping(let entries) = node.content, let name = entries.first(where: { $0.key == "name" })?.value.text
    else { throw ChainRefused(lines: ["a filter is written as {name: …, config: {…}}, found \(node.summary)"]) }
    return FilterTree(name: name, written: node.flowFields)
  }

  private static func read(_ text: String) throws(ChainRefused) -> ConfigurationNode {
    let diagnostics = Diagnostics()
    guard let root = YAMLDocument.read(Array(text.utf8).span, diagnostics: diagnostics), !diagnostics.hasErrors else {
      throw ChainRefused(lines: diagnostics.report.lines(in: "filters"))
    }
    return root
  }

  /// The first chain of a seed that the kernel runs, with its packets.
  private static func test(_ generator: inout ChainGenerator, packets: Int, _ tally: inout Tally) -> RandomCase? {
    for _ in 0..<200 {
      var test = RandomCase(&generator)
      guard DifferentialRun(test, &tally) != nil else { continue }
      test.fill(packets, &generator)
      return test
    }
    return nil
  }

  // MARK: - Reports

  private static func finding(
    _ test: RandomCase, _ seed: UInt64, _ differences: [DifferentialRun.Difference]
  ) -> String {
    var start = test
    // Mostly one packet is enough.
    if let packet = differences.first?.packet {
      var alone = test
      alone.packets = [test.packets[packet]]
      if !Self.differences(alone).isEmpty { start = alone }
    }
    let smallest = start.shrunk { !Self.differences($0).isEmpty }
    return """
      seed \(seed): \(differences.map(\.text).joined(separator: "\n"))
      at its smallest: \(Self.differences(smallest).map(\.text).joined(separator: "\n"))
      what the filters in Swift do, as a case:
      \(smallest.text(name: "the paths differ (seed \(seed))"))
      """
  }

  /// What differs; nothing where the kernel does not run the chain.
  private static func differences(_ test: RandomCase) -> [DifferentialRun.Difference] {
    var tally = Tally()
    return (try? DifferentialRun(test, &tally)?.run(&tally)) ?? []
  }

  private static func show(_ tally: Tally) {
    guard getenv("DIFFERENTIAL_CHAINS") != nil else { return }
    print(
      "\(tally.chains) chains, \(tally.packets) packets: \(tally.sent) sent, \(tally.dropped) dropped, "
        + "\(tally.handedOver) handed over")
    for (reason, count) in tally.refused.sorted(by: { $0.value > $1.value }) { print("  \(count) chains: \(reason)") }
    fflush(nil)
  }
}

/// The kernel's program does something else than the filters in Swift.
public struct PathsDiffer: Error, CustomStringConvertible, Sendable {
  /// For each chain its seed, what differs, and the smallest chain and packets that still differ, as an entry of a cases file.
  public let findings: [String]

  public var description: String {
    """
    the kernel's program and the filters in Swift differ
    \(findings.joined(separator: "\n\n"))
    Each of them comes about again with DIFFERENTIAL_SEED=… DIFFERENTIAL_CHAINS=1 in the environment.
    """
  }
}

/// The kernel ran no chain, so nothing was compared.
public struct DifferentialUseless: Error, CustomStringConvertible, Sendable {
  /// How many chains were not run, by the reason.
  public let refused: [String: Int]

  public var description: String {
    let reasons = refused.sorted { $0.value > $1.value }.prefix(10).map { "  \($0.key) (\($0.value) chains)" }
    return "nothing was compared: the kernel runs none of the chains\n\(reasons.joined(separator: "\n"))"
  }
}
