public import FilterKit
public import TestNetwork

/// The clients and servers of a case, as sockets: they send its packets, and tell what arrived.
public struct CaseSockets {
  private let clients: [SocketAddress: UDPSocket]
  private let servers: [SocketAddress: UDPSocket]
  private let listeners: [SocketAddress]
  /// For each server, the client that reached it last, and the port that stands for this client.
  private var sessions: [SocketAddress: (client: SocketAddress, upstream: SocketAddress)] = [:]
  /// The client that sent the packet which is on its way, or that is to get it.
  private var client = ConformanceCase.defaultClient

  /// - Parameter listeners: where clients send to, one address for each family.
  public init(
    _ test: ConformanceCase, clientsIn clientSide: NetworkNamespace, serversIn serverSide: NetworkNamespace,
    listeners: [SocketAddress]
  ) throws {
    let open = { (addresses: Set<SocketAddress>, namespace: NetworkNamespace) in
      try Dictionary(uniqueKeysWithValues: addresses.map { ($0, try UDPSocket(bind: $0, in: namespace)) })
    }
    clients = try open(Set(test.steps.filter { $0.direction == .read }.map(\.source)), clientSide)
    servers = try open(Set(test.endpoints.map(\.address)), serverSide)
    self.listeners = listeners
  }

  /// Sends the packet of a step.
  public mutating func send(_ step: ConformanceCase.Step) throws {
    switch step.direction {
    case .read:
      client = step.source
      try clients[client]!.send(step.payload, to: listener(of: client))
    case .write:
      guard let server = servers[step.source], let session = sessions[step.source] else {
        throw CaseFailure("line \(step.line): nothing has reached \(step.source) yet")
      }
      client = session.client
      try server.send(step.payload, to: session.upstream)
    }
  }

  /// How many datagrams come of a step that goes as it should; one for a drop, which is one too many.
  public func copies(of step: ConformanceCase.Step) -> Int {
    guard case .forwarded(_, let recipients) = step.expected else { return 1 }
    return switch recipients {
    case .client, .oneOf: 1
    case .everyEndpoint: servers.count
    case .exactly(let addresses): addresses.count
    }
  }

  /// All datagrams that wait at the sockets.
  public mutating func arrived() throws -> [CaseResult.Delivery] {
    var deliveries: [CaseResult.Delivery] = []
    for (address, socket) in servers {
      while let datagram = try socket.receiveNow() {
        sessions[address] = (client, datagram.source)
        deliveries.append(CaseResult.Delivery(to: address, payload: datagram.bytes))
      }
    }
    for (address, socket) in clients {
      while let datagram = try socket.receiveNow() {
        guard datagram.source == listener(of: address) else {
          throw CaseFailure("the reply to \(address) comes from \(datagram.source) and not from where it sent to")
        }
        deliveries.append(CaseResult.Delivery(to: address == client ? nil : address, payload: datagram.bytes))
      }
    }
    return deliveries
  }

  private func listener(of client: SocketAddress) -> SocketAddress {
    listeners.first { $0.ip.isV4 == client.ip.isV4 }!
  }
}

/// Why a case could not be run to its end.
public struct CaseFailure: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
