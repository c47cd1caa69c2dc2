import Conformance
import DataPath
import FilterKit
import SocketPath
import TestNetwork

/// The proxy of one case, with a socket for each of its clients and servers, in a namespace that takes every address as its own.
final class CaseNetwork {
  /// What the proxy itself calls the place of drops that no filter decided.
  static let proxyLabel = "proxy"
  private static let port: UInt16 = 7777
  /// Where the clients of each family send to.
  private static let v4Listener = SocketAddress(literal: "10.0.0.1:\(port)")
  private static let v6Listener = SocketAddress(literal: "[fd00::1]:\(port)")

  private let path: SocketPath
  private let metrics = Metrics()
  private let clients: [SocketAddress: UDPSocket]
  private let servers: [SocketAddress: UDPSocket]
  /// For each server, the client that reached it last, and the port that stands for this client.
  private var sessions: [SocketAddress: (client: SocketAddress, upstream: SocketAddress)] = [:]
  /// The client that sent the packet which is on its way, or that is to get it.
  private var client = ConformanceCase.defaultClient

  init(_ test: ConformanceCase, registry: FilterRegistry) throws {
    let diagnostics = Diagnostics()
    let chain = Chain.read(test.filters, registry: registry, metrics: metrics, diagnostics: diagnostics, log: { _ in })
    guard !diagnostics.hasErrors else {
      throw CaseFailure(diagnostics.report.lines(in: "case").joined(separator: "\n"))
    }

    let namespace = try NetworkNamespace()
    for range in ["0.0.0.0/0", "::/0"] { try namespace.addLocalRange(range) }
    let open = { (addresses: Set<SocketAddress>) in
      try Dictionary(uniqueKeysWithValues: addresses.map { ($0, try UDPSocket(bind: $0, in: namespace)) })
    }
    clients = try open(Set(test.steps.filter { $0.direction == .read }.map(\.source)))
    servers = try open(Set(test.endpoints.map(\.address)))

    var options = SocketPathOptions()
    options.listen = SocketAddress(literal: "[::]:\(Self.port)")
    options.workers = 1
    let snapshot = Snapshot(chain: chain, routing: RoutingTable(test.endpoints))
    path = try namespace.run { [options, metrics] in try SocketPath(options, snapshot: snapshot, metrics: metrics) }
    // The worker opens sockets too, so its thread must live in the namespace.
    try namespace.run { [path] in try path.start() }
  }

  deinit { path.stop() }

  /// All counters now.
  var totals: MetricTotals { MetricTotals(metrics) }

  /// Sends one packet, and waits until its copies have arrived or its drop was counted.
  func run(_ step: ConformanceCase.Step) throws -> CaseResult.Outcome {
    let before = totals.drops
    try send(step)
    var deliveries: [CaseResult.Delivery] = []
    var reason: String?
    let wanted = copies(of: step)
    let isOver = try eventually {
      // The counters first: a drop that was counted leaves nothing that could still arrive.
      reason = totals.newReason(since: before)
      deliveries += try arrived()
      return reason != nil || deliveries.count >= wanted
    }
    guard isOver || !deliveries.isEmpty else {
      throw CaseFailure("line \(step.line): the packet neither arrived nor was counted as dropped")
    }
    return CaseResult.Outcome(deliveries: deliveries, reason: reason)
  }

  /// Ends the proxy, and gives what arrived since the last step.
  func stop() throws -> [CaseResult.Delivery] {
    path.stop()
    return try arrived()
  }

  private func send(_ step: ConformanceCase.Step) throws {
    switch step.direction {
    case .read:
      client = step.source
      try clients[client]!.send(step.payload, to: Self.listener(of: client))
    case .write:
      guard let server = servers[step.source], let session = sessions[step.source] else {
        throw CaseFailure("line \(step.line): nothing has reached \(step.source) yet")
      }
      client = session.client
      try server.send(step.payload, to: session.upstream)
    }
  }

  /// How many datagrams come of a step that goes as it should; one for a drop, which is one too many.
  private func copies(of step: ConformanceCase.Step) -> Int {
    guard case .forwarded(_, let recipients) = step.expected else { return 1 }
    return switch recipients {
    case .client, .oneOf: 1
    case .everyEndpoint: servers.count
    case .exactly(let addresses): addresses.count
    }
  }

  /// All datagrams that wait at the sockets.
  private func arrived() throws -> [CaseResult.Delivery] {
    var deliveries: [CaseResult.Delivery] = []
    for (address, socket) in servers {
      while let datagram = try socket.receiveNow() {
        sessions[address] = (client, datagram.source)
        deliveries.append(CaseResult.Delivery(to: address, payload: datagram.bytes))
      }
    }
    for (address, socket) in clients {
      while let datagram = try socket.receiveNow() {
        guard datagram.source == Self.listener(of: address) else {
          throw CaseFailure("the reply to \(address) comes from \(datagram.source) and not from where it sent to")
        }
        deliveries.append(CaseResult.Delivery(to: address == client ? nil : address, payload: datagram.bytes))
      }
    }
    return deliveries
  }

  private static func listener(of client: SocketAddress) -> SocketAddress {
    client.ip.isV4 ? v4Listener : v6Listener
  }
}

/// Why a case could not be run to its end.
struct CaseFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
