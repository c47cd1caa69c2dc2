import CDataPath
import FilterKit
import FilterTesting
import KernelPath
import ProxyConfiguration
import Testing

/// A chain twice: on sockets alone, and in the kernel with sockets behind it. Every packet goes through both, and must come out alike.
final class PathPair {
  /// One of the chains, on sockets.
  private final class Half {
    let metrics = Metrics()
    let chain: Chain
    private var batch: PacketBatch

    init(_ filters: String, _ registry: FilterRegistry, _ routing: RoutingTable) throws {
      let diagnostics = Diagnostics()
      let root = YAMLDocument.read(Array(filters.utf8).span, diagnostics: diagnostics)
      guard case .sequence(let entries)? = root?.content else { throw Frame.Problem("the filters are no list") }
      chain = Chain.read(entries, registry: registry, metrics: metrics, diagnostics: diagnostics, log: { _ in })
      guard !diagnostics.hasErrors else {
        throw Frame.Problem(diagnostics.report.lines(in: "filters").joined(separator: "\n"))
      }
      batch = PacketBatch(keyCount: chain.keys.count, routing: routing, sheet: metrics.makeSheet())
    }

    /// What is left of a packet from a client to the only endpoint; nil where it is dropped, or goes nowhere else.
    func run(_ payload: [UInt8], from source: SocketAddress) -> [UInt8]? {
      batch.begin(.read, now: 1, wallClock: 1)
      batch.receiveBuffer(0).copyBytes(from: payload)
      batch.insert(0, size: payload.count, from: source)
      chain.run(.read, &batch)
      return batch.livePackets == 0 ? nil : Array(batch.payload(0))
    }
  }

  let plan: ChainPlan
  let program: KernelProgram
  /// How many packets the kernel left to the sockets.
  private(set) var handedOver = 0
  private let reference: Half
  private let sockets: Half
  private let way: TrialBench.Way

  init(_ filters: String, tokens: [[UInt8]] = [], registry: FilterRegistry, way: TrialBench.Way = TrialBench.reads[0])
    throws
  {
    let routing = RoutingTable([RoutingTable.Endpoint(way.leaves.destination, tokens: tokens)])
    self.way = way
    reference = try Half(filters, registry, routing)
    sockets = try Half(filters, registry, routing)
    plan = ChainPlan(sockets.chain)
    if let refusal = plan.refusal { throw Frame.Problem("not for the kernel: \(refusal)") }
    var out = interface()
    out.index = 1
    out.mac = (2, 2, 2, 2, 2, 2)
    program = try KernelProgram.forTrial(
      plan, routing, addresses: TrialBench.listeners, port: 7777, interfaces: [out], hopLifetime: .max >> 1)
    try program.maps.setRoute(
      client: way.comes.source, endpoint: 0,
      KernelRoute(from: way.leaves.source, to: way.leaves.destination, hop: TrialBench.hop))
  }

  /// The first filter, once for each chain.
  var firstFilters: [any Filter] { [reference, sockets].map { $0.chain.nodes[0].filter } }

  /// What is left of a packet; nil where it is dropped.
  @discardableResult func check(
    _ payload: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [UInt8]? {
    let expected = reference.run(payload, from: way.comes.source)
    let frame = way.comes(payload).bytes
    let result = try program.run(frame)
    switch result.action {
    case 1: #expect(expected == nil, "\(payload) is dropped", sourceLocation: sourceLocation)
    case 3:
      let sent = expected.map { way.leaves($0).bytes }
      #expect(result.frame == sent, "\(payload)", sourceLocation: sourceLocation)
    default:
      handedOver += 1
      #expect(result.action == 2 && result.frame == frame, "\(payload)", sourceLocation: sourceLocation)
      let found = sockets.run(payload, from: way.comes.source)
      #expect(found == expected, "\(payload) on the sockets", sourceLocation: sourceLocation)
    }
    return expected
  }

  /// Compares all counters; gives them. Once, at the end.
  @discardableResult func checkCounters(sourceLocation: SourceLocation = #_sourceLocation) -> MetricTotals {
    program.counters.write(to: sockets.metrics.makeSheet(), of: plan.tables)
    let (expected, found) = (MetricTotals(reference.metrics), MetricTotals(sockets.metrics))
    #expect(found.drops == expected.drops, sourceLocation: sourceLocation)
    #expect(found.counters == expected.counters, sourceLocation: sourceLocation)
    return found
  }
}
