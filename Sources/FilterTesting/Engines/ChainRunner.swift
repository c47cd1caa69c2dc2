package import FilterKit

/// A chain with the proxy's part behind it, without sockets: packets go in, and what becomes of them comes out.
package final class ChainRunner {
  package let chain: Chain
  package let routing: RoutingTable
  package let metrics: Metrics
  private var batch: PacketBatch

  package init(_ written: TrialChain, metrics: Metrics = Metrics()) throws(ChainRefused) {
    chain = try written.make(metrics)
    self.metrics = metrics
    routing = RoutingTable(written.endpoints)
    batch = PacketBatch(keyCount: chain.keys.count, routing: routing, sheet: metrics.makeSheet())
  }

  /// Nanoseconds since 1970: those of the clock of a trial, or the real ones.
  static func wallClock(_ clock: Int64?) -> Int64 {
    clock.map { $0 * 1_000_000_000 } ?? SystemClock.wall
  }

  /// Runs packets of one direction together, at most a batch of them. The reason of a drop is known where there is one alone.
  ///
  /// - Parameters:
  ///   - now: nanoseconds of the clock that does not jump.
  ///   - wallClock: nanoseconds since 1970.
  package func run(_ packets: [TrialPacket], now: UInt64, wallClock: Int64) -> [PacketOutcome] {
    let direction = packets[0].direction
    batch.begin(direction, now: now, wallClock: wallClock)
    for (index, packet) in packets.enumerated() {
      batch.receiveBuffer(index).copyBytes(from: packet.payload)
      batch.insert(index, size: packet.payload.count, from: packet.source)
    }
    let before = packets.count == 1 ? MetricTotals(metrics).drops : [:]
    chain.run(direction, &batch)
    let reason = packets.count == 1 ? MetricTotals(metrics).newReason(since: before) : nil
    return packets.indices.map { index in
      var outcome =
        batch.livePackets >> UInt64(index) & 1 == 1
        ? outcome(index, direction) : PacketOutcome(deliveries: [], reason: reason)
      outcome.metadata = batch.metadata(index, keys: chain.keys)
      return outcome
    }
  }

  /// What becomes of a packet that passed the chain: the part of the proxy behind it.
  private func outcome(_ index: Int, _ direction: Direction) -> PacketOutcome {
    let payload = Array(batch.payload(index))
    guard direction == .read else {
      return PacketOutcome(deliveries: [PacketOutcome.Delivery(to: nil, payload: payload)])
    }
    var chosen: [SocketAddress] = []
    var destinations = batch.destinations(index)
    while let endpoint = destinations.pop() { chosen.append(routing.endpoints[Int(endpoint)].address) }
    if chosen.isEmpty { chosen = routing.endpoints.map(\.address) }
    return PacketOutcome(
      deliveries: chosen.map { PacketOutcome.Delivery(to: $0, payload: payload) },
      reason: chosen.isEmpty ? DropReason.noEndpoints.name : nil)
  }
}
