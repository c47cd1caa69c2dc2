public import FilterKit
import KernelPath
import ProxyConfiguration

/// Filters in a chain of their own, to be tried with packets in every engine that this machine has: alone, in a proxy over sockets, and
/// in the kernel's program.
///
/// ```swift
/// @Test func theTokenIsTaken() throws {
///   let trial = try FilterTrial(filters: .withMine, chain: "- {name: XORToken, config: {size: 4}}")
///   let result = try trial.read("tokenpayload", from: "192.0.2.1:40000")
///   #expect(result.verdict == .forward && result.payload == "payload")
///   #expect(result.metadata["token"] == "token" && result.counters["tokens_total"] == 1)
///   #expect(trial.kernelRefusal == nil)
/// }
/// ```
///
/// Every packet goes through all engines, and they must agree about verdict, payload, destinations, metadata and counters: where they do
/// not, `read` and `write` throw `EngineDisagreement`, which says what differs. So one result stands for all.
///
/// What filters keep from packet to packet they keep for the life of the trial, in each engine for itself. Time is real in all of them,
/// the time of day too unless a clock is given.
///
/// The sockets and the kernel are no mocks: they are the two paths of the proxy. The kernel needs root (`sudo -E swift test`). Without,
/// packets do not go through it, which a line on standard error says; with `CI=true` in the environment that is an error.
public final class FilterTrial {
  /// The engines that packets run through.
  public let engines: [TestEngine]
  /// Engines that were asked for and do not run on this machine, with the reason.
  public let leftOut: [TestEngine: String]
  /// Why the kernel leaves the chain, or a part of it, to the sockets, as `proxy explain` says it; nil where the kernel runs all of it.
  /// It is known on every machine, so that a test can assert that a filter runs in the kernel.
  public let kernelRefusal: KernelRefusal?
  /// The filters' branches that the kernel leaves to the sockets while it runs the rest: label and reason.
  public let branchesOnSockets: [(label: String, refusal: KernelRefusal)]
  /// What is allowed in the configuration and likely not meant, as `proxy check` says it.
  public let warnings: [String]

  private let chain: TrialChain
  private let mayDiffer: Set<TrialAspect>
  private let filters: ChainRunner
  private let sockets: SocketRun?
  private let kernel: KernelRun?
  private var lastClient: SocketAddress?

  /// Reads a chain.
  ///
  /// - Parameters:
  ///   - registry: the filters that the chain may name.
  ///   - text: YAML: a list of filters (`- name: …`), or a configuration with `filters` and `clusters`; `version` may be left out.
  ///   - endpoints: the servers, with their tokens; in the place of `clusters`. There is one, 203.0.113.1:26000, where neither is given.
  ///   - clock: the time of day in seconds since 1970, which then stands still; nil for the real one.
  ///   - engines: those to run packets through.
  ///   - mayDiffer: what the engines need not agree about.
  /// - Throws: `ChainRefused` with every mistake in the text, `EngineUnavailable` in CI, or what keeps the proxy from starting.
  public init(
    filters registry: FilterRegistry, chain text: String, endpoints: [TrialEndpoint]? = nil, clock: Int64? = nil,
    engines: Set<TestEngine> = Set(TestEngine.allCases), mayDiffer: Set<TrialAspect> = []
  ) throws {
    var reader = try TrialReader(text)
    if let endpoints { try reader.use(endpoints) }
    let chain = TrialChain(registry: registry, filters: reader.filters, endpoints: reader.endpoints, clock: clock)
    self.chain = chain
    self.mayDiffer = mayDiffer
    warnings = reader.warnings(registry)
    filters = try ChainRunner(chain)
    let plan = ChainPlan(filters.chain)
    kernelRefusal = plan.refusal
    branchesOnSockets = plan.steps.flatMap(\.branchesOnSockets)
    sockets = engines.contains(.sockets) ? try SocketRun(chain) : nil
    var leftOut: [TestEngine: String] = [:]
    if engines.contains(.kernel), plan.refusal == nil {
      let (run, obstacle) = try TestEngine.kernelRun(chain)
      kernel = run
      leftOut[.kernel] = obstacle
    } else {
      kernel = nil
    }
    self.leftOut = leftOut
    self.engines = [.filters] + (sockets == nil ? [] : [.sockets]) + (kernel == nil ? [] : [.kernel])
  }

  /// Sends a packet from a client to the servers.
  ///
  /// - Parameters:
  ///   - payload: what the datagram holds.
  ///   - client: address and port of the client.
  /// - Throws: `EngineDisagreement`, or what kept an engine from running the packet.
  @discardableResult
  public func read(_ payload: Payload, from client: String = "192.0.2.1:40000") throws -> PacketResult {
    let client = try SocketAddress(client)
    lastClient = client
    return try run(TrialPacket(.read, payload.bytes, from: client, client: client))
  }

  /// Sends a packet from a server to a client. A server can send at any time: where there is no session, the engines make one.
  ///
  /// - Parameters:
  ///   - payload: what the datagram holds.
  ///   - server: one of the endpoints; the first one where left out.
  ///   - client: who gets it; the client that sent the last packet where left out.
  /// - Throws: `EngineDisagreement`, or what kept an engine from running the packet.
  @discardableResult
  public func write(_ payload: Payload, from server: String? = nil, to client: String? = nil) throws -> PacketResult {
    let endpoints = chain.endpoints.map(\.address)
    let source = try server.map { try SocketAddress($0) } ?? endpoints.first
    guard let source, endpoints.contains(source) else {
      throw TrialProblem("\(server ?? "a server") is none of the endpoints \(endpoints)")
    }
    let receiver = try client.map { try SocketAddress($0) } ?? lastClient ?? TrialChain.defaultClient
    return try run(TrialPacket(.write, payload.bytes, from: source, client: receiver))
  }

  private func run(_ packet: TrialPacket) throws -> PacketResult {
    var observations: [Observation] = []
    func observe(_ engine: TestEngine, _ metrics: () -> Metrics, _ run: () throws -> PacketOutcome) throws {
      let before = MetricTotals(metrics())
      let outcome: PacketOutcome
      do { outcome = try run() } catch { throw TrialProblem("\(engine): \(packet): \(error)") }
      observations.append(
        try Observation(
          engine, packet, outcome, endpoints: chain.endpoints.map(\.address), before: before,
          after: MetricTotals(metrics())))
    }
    try observe(.filters, { filters.metrics }) {
      filters.run([packet], now: SystemClock.monotonic, wallClock: ChainRunner.wallClock(chain.clock))[0]
    }
    if let sockets { try observe(.sockets, { sockets.metrics }) { try sockets.run(packet) } }
    if let kernel { try observe(.kernel, { kernel.metrics }) { try kernel.run(packet) } }
    let first = observations[0]
    let differences = observations.dropFirst().flatMap { first.differences(from: $0, except: mayDiffer) }
    guard differences.isEmpty else {
      throw EngineDisagreement(
        packet: "\(packet)", differences: differences,
        chain: "[\(chain.filters.map(\.flowText).joined(separator: ", "))]")
    }
    let last = observations.last { $0.engine == .kernel }
    return PacketResult(
      verdict: first.verdict, dropReason: first.dropReason, droppedBy: first.droppedBy, payload: first.payload,
      destinations: first.destinations,
      metadata: first.metadata ?? [:], counters: CounterValues(first.counters), engines: observations.map(\.engine),
      kernel: last.map { $0.handOver.map { .handedOver($0) } ?? .carried } ?? .notRun)
  }
}
