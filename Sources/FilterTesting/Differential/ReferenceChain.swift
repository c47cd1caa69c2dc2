import FilterKit
import ProxyConfiguration

/// A chain as the socket path runs it, with the counters that it counts in.
final class ReferenceChain {
  /// What came of a packet.
  struct Outcome: Equatable {
    /// As the filters left it.
    var payload: [UInt8]
    /// The endpoints' numbers; empty on write. Nil for a packet that was dropped.
    var destinations: [Int]?
  }

  let chain: Chain
  let metrics = Metrics()
  private let endpoints: Int
  private var batch: PacketBatch
  /// The time of day, which stands still.
  static let wallClock: Int64 = 1_700_000_000_000_000_000

  init(_ test: RandomCase) throws(ChainRefused) {
    let diagnostics = Diagnostics()
    let root = YAMLDocument.read(Array(test.filtersText.utf8).span, diagnostics: diagnostics)
    guard case .sequence(let entries)? = root?.content else {
      throw ChainRefused(lines: diagnostics.report.lines(in: "filters"))
    }
    chain = try TrialChain(registry: test.registry, filters: entries, endpoints: test.endpoints).make(metrics)
    endpoints = test.endpoints.count
    batch = PacketBatch(
      keyCount: chain.keys.count, routing: RoutingTable(test.endpoints), sheet: metrics.makeSheet())
  }

  /// Runs packets of one direction, at most a batch of them.
  func run(_ packets: ArraySlice<RandomCase.Packet>, now: UInt64 = 5_000_000_000) -> [Outcome] {
    guard let direction = packets.first?.direction else { return [] }
    batch.begin(direction, now: now, wallClock: Self.wallClock)
    for (index, packet) in packets.enumerated() {
      packet.payload.withUnsafeBytes { batch.receiveBuffer(index).copyMemory(from: $0) }
      batch.insert(index, size: packet.payload.count, from: packet.source)
    }
    chain.run(direction, &batch)
    return (0..<packets.count).map { index in
      guard batch.livePackets >> UInt64(index) & 1 == 1 else { return Outcome(payload: [], destinations: nil) }
      var chosen: [Int] = []
      var destinations = batch.destinations(index)
      while let endpoint = destinations.pop() { chosen.append(Int(endpoint)) }
      if direction == .read, chosen.isEmpty { chosen = Array(0..<endpoints) }
      return Outcome(payload: Array(batch.payload(index)), destinations: chosen)
    }
  }
}
