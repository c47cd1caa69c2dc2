package import FilterKit
package import TestNetwork

/// The clients and servers of a trial as sockets: they send its packets, and tell what arrived.
///
/// In namespaces the sockets have the addresses of the trial. Without, they have ports of 127.0.0.1, which anybody may open.
package final class TrialSockets {
  private struct Session: Hashable {
    let server: SocketAddress
    let client: SocketAddress
  }

  private let clientSide: NetworkNamespace?
  private var clients: [SocketAddress: UDPSocket] = [:]
  private var servers: [SocketAddress: UDPSocket] = [:]
  /// Where clients send to, an address for each family.
  package var listeners: [SocketAddress]
  /// For each server, the ports that stand for its clients, and the client that reached it last.
  private var ports: [Session: SocketAddress] = [:]
  private var lastClients: [SocketAddress: SocketAddress] = [:]
  /// The client that sent the packet which is on its way, or that is to get it.
  private var client: SocketAddress?

  package init(
    servers: [SocketAddress], listeners: [SocketAddress] = [], clientsIn clientSide: NetworkNamespace? = nil,
    serversIn serverSide: NetworkNamespace? = nil
  ) throws {
    self.clientSide = clientSide
    self.listeners = listeners
    for server in servers { self.servers[server] = try Self.open(server, in: serverSide) }
  }

  private static func open(_ address: SocketAddress, in namespace: NetworkNamespace?) throws -> UDPSocket {
    let loopback = SocketAddress(IPAddress(v4: 0x7f00_0001), port: 0)
    return try UDPSocket(bind: namespace == nil ? loopback : address, in: namespace)
  }

  /// Opens a client's socket, where it has none yet, and gives its address.
  @discardableResult package func open(client: SocketAddress) throws -> SocketAddress {
    if let socket = clients[client] { return socket.address }
    let socket = try Self.open(client, in: clientSide)
    clients[client] = socket
    return socket.address
  }

  /// The address of a server's socket.
  package func address(ofServer server: SocketAddress) -> SocketAddress { servers[server]!.address }

  /// How many servers there are.
  package var serverCount: Int { servers.count }

  /// Whether a server can send to a client: it can once a packet has reached it.
  package func hasSession(from server: SocketAddress, to client: SocketAddress) -> Bool {
    ports[Session(server: server, client: client)] != nil
  }

  /// The client that a server heard of last.
  package func lastClient(of server: SocketAddress) -> SocketAddress? { lastClients[server] }

  /// Sends a packet. On read its client's socket must be open.
  package func send(_ packet: TrialPacket) throws {
    client = packet.client
    switch packet.direction {
    case .read:
      guard let socket = clients[packet.source] else { throw TrialProblem("\(packet.source) has no socket") }
      try socket.send(packet.payload, to: listener(of: socket))
    case .write:
      guard let server = servers[packet.source] else { throw TrialProblem("\(packet.source) is no endpoint") }
      guard let port = ports[Session(server: packet.source, client: packet.client)] else {
        throw TrialProblem("nothing from \(packet.client) has reached \(packet.source) yet")
      }
      try server.send(packet.payload, to: port)
    }
  }

  /// All datagrams that wait at the sockets.
  package func arrived() throws -> [PacketOutcome.Delivery] {
    var deliveries: [PacketOutcome.Delivery] = []
    for (address, socket) in servers {
      while let datagram = try socket.receiveNow() {
        if let client {
          ports[Session(server: address, client: client)] = datagram.source
          lastClients[address] = client
        }
        deliveries.append(PacketOutcome.Delivery(to: address, payload: datagram.bytes))
      }
    }
    for (address, socket) in clients {
      while let datagram = try socket.receiveNow() {
        guard datagram.source == listener(of: socket) else {
          throw TrialProblem("the reply to \(address) comes from \(datagram.source) and not from where it sent to")
        }
        deliveries.append(PacketOutcome.Delivery(to: address == client ? nil : address, payload: datagram.bytes))
      }
    }
    return deliveries
  }

  private func listener(of socket: UDPSocket) -> SocketAddress {
    listeners.first { $0.ip.isV4 == socket.address.ip.isV4 }!
  }
}
