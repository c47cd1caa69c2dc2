import DataPath
package import FilterKit
import SocketPath
package import TestNetwork

/// A proxy over real sockets that serves one chain, with a socket for each of its clients and servers.
package final class SocketRun {
  /// What the proxy itself calls the place of drops that no filter decided.
  static let proxyLabel = "proxy"
  private static let port: UInt16 = 7777
  /// In a namespace: where the clients of each family send to.
  private static let listeners = ["10.0.0.1:\(port)", "[fd00::1]:\(port)"].map { SocketAddress(literal: $0) }

  package let metrics = Metrics()
  private let observer: ChainObserver
  private let path: SocketPath
  private let sockets: TrialSockets
  private let endpoints: [SocketAddress]

  /// - Parameter namespace: a network that takes every address as its own; nil for ports of 127.0.0.1.
  package init(_ written: TrialChain, in namespace: NetworkNamespace? = nil) throws {
    let chain = try written.make(metrics)
    let observer = ChainObserver(chain, wallClock: written.clock.map { $0 * 1_000_000_000 })
    self.observer = observer
    endpoints = written.endpoints.map(\.address)
    sockets = try TrialSockets(
      servers: endpoints, listeners: namespace == nil ? [] : Self.listeners, clientsIn: namespace, serversIn: namespace)
    var real = written.endpoints
    for index in real.indices {
      real[index].address = sockets.address(ofServer: endpoints[index])
      observer.show(endpoints[index], for: real[index].address)
    }
    var options = SocketPathOptions()
    options.listen = SocketAddress(literal: namespace == nil ? "127.0.0.1:0" : "[::]:\(Self.port)")
    options.workers = 1
    let snapshot = Snapshot(
      chain: chain.inside(observer), routing: RoutingTable(real, consistentBy: endpoints))
    // The worker opens sockets too, so its thread must live in the namespace.
    path = try Self.run(in: namespace) { [options, metrics] in
      let path = try SocketPath(options, snapshot: snapshot, metrics: metrics)
      try path.start()
      return path
    }
    if namespace == nil { sockets.listeners = path.listening }
  }

  deinit { path.stop() }

  private static func run<Result>(in namespace: NetworkNamespace?, _ body: () throws -> Result) throws -> Result {
    try namespace?.run(body) ?? body()
  }

  /// The client that a server heard of last.
  package func lastClient(of server: SocketAddress) -> SocketAddress? { sockets.lastClient(of: server) }

  /// Sends one packet, and waits until its copies have arrived or its drop was counted.
  package func run(_ packet: TrialPacket) throws -> PacketOutcome {
    try open(packet.client)
    if packet.direction == .write, !sockets.hasSession(from: packet.source, to: packet.client) {
      try openSession(from: packet.source, to: packet.client)
    }
    observer.forget()
    let before = MetricTotals(metrics).drops
    try sockets.send(packet)
    var outcome = PacketOutcome(deliveries: [])
    let isOver = try eventually {
      // In this order: what was counted was counted before it was seen, and a drop leaves nothing that could still arrive.
      let sight = observer.sight
      outcome.metadata = sight?.metadata
      outcome.reason = MetricTotals(metrics).newReason(since: before)
      outcome.deliveries += try sockets.arrived()
      return outcome.reason != nil || sight.map { isDone($0, packet, outcome.deliveries.count) } ?? false
    }
    guard isOver || !outcome.deliveries.isEmpty else {
      throw TrialProblem("the packet neither arrived nor was counted as dropped")
    }
    return outcome
  }

  private func isDone(_ sight: ChainObserver.Sight, _ packet: TrialPacket, _ arrived: Int) -> Bool {
    guard sight.isLive else { return true }
    let copies = packet.direction == .write ? 1 : sight.destinations == 0 ? endpoints.count : sight.destinations
    // A packet without an endpoint is counted as dropped behind the chain.
    return copies > 0 && arrived >= copies
  }

  private func open(_ client: SocketAddress) throws { observer.show(client, for: try sockets.open(client: client)) }

  /// Makes a session between a client and a server past the filters, for a server that sends first.
  private func openSession(from server: SocketAddress, to client: SocketAddress) throws {
    guard let number = endpoints.firstIndex(of: server) else { throw TrialProblem("\(server) is no endpoint") }
    observer.open(UInt32(number))
    defer { observer.open(nil) }
    try sockets.send(TrialPacket(.read, [0], from: client, client: client))
    guard try eventually({ try !sockets.arrived().isEmpty }) else {
      throw TrialProblem("no session between \(client) and \(server) could be made")
    }
  }

  /// Ends the proxy, and gives what arrived since the last packet.
  package func stop() throws -> [PacketOutcome.Delivery] {
    path.stop()
    return try sockets.arrived()
  }
}
