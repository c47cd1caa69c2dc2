import FilterKit
import Synchronization

/// Stands around a chain that serves over sockets: shows its filters the addresses and the time of a test instead of those of the
/// sockets, and notes what they do.
final class ChainObserver: Filter {
  /// What became of a packet in the chain.
  struct Sight {
    let isLive: Bool
    /// How many copies leave; 0 for one to each endpoint.
    let destinations: Int
    let metadata: [String: MetadataValue]
  }

  private struct State {
    /// What the filters are shown for the address of a socket.
    var shown: [SocketAddress: SocketAddress] = [:]
    /// The endpoint that packets go to while a session is opened: without the filters.
    var opening: UInt32?
    var sight: Sight?
  }

  static let name = ""
  private let nodes: [FilterNode]
  private let keys: [String]
  private let wallClock: Int64?
  private let state = Mutex(State())

  /// - Parameter wallClock: what the filters are shown as nanoseconds since 1970; nil for the real time.
  init(_ chain: Chain, wallClock: Int64?) {
    nodes = chain.nodes
    keys = chain.keys
    self.wallClock = wallClock
  }

  init(options: inout Options, context: inout FilterContext) {
    nodes = []
    keys = []
    wallClock = nil
  }

  /// Shows `address` for the address of a socket.
  func show(_ address: SocketAddress, for socket: SocketAddress) { state.withLock { $0.shown[socket] = address } }

  /// Lets packets from clients go to an endpoint, without the filters; nil for the chain as it is.
  func open(_ endpoint: UInt32?) { state.withLock { $0.opening = endpoint } }

  /// What became of the last packet.
  var sight: Sight? { state.withLock { $0.sight } }

  func forget() { state.withLock { $0.sight = nil } }

  func read(batch: inout PacketBatch) { run(.read, &batch) }
  func write(batch: inout PacketBatch) { run(.write, &batch) }

  private func run(_ direction: Direction, _ batch: inout PacketBatch) {
    let packets = Self.places(batch.livePackets)
    let (opening, shown) = state.withLock { ($0.opening, $0.shown) }
    if direction == .read, let opening {
      for index in packets {
        var packet = batch.packet(index)
        packet.addDestination(opening)
      }
      return
    }
    let sources = packets.map { batch.source($0) }
    for (index, source) in zip(packets, sources) { batch.setSource(index, to: shown[source] ?? source) }
    if let wallClock { batch.wallClock = wallClock }
    for place in nodes.indices { nodes.run(direction == .read ? place : nodes.count - 1 - place, direction, &batch) }
    for (index, source) in zip(packets, sources) {
      batch.setSource(index, to: source)
      note(index, batch)
    }
  }

  private func note(_ index: Int, _ batch: borrowing PacketBatch) {
    var destinations = batch.destinations(index)
    var count = 0
    while destinations.pop() != nil { count += 1 }
    let sight = Sight(
      isLive: batch.livePackets >> UInt64(index) & 1 == 1, destinations: count,
      metadata: batch.metadata(index, keys: keys))
    state.withLock { $0.sight = sight }
  }

  private static func places(_ bits: UInt64) -> [Int] {
    (0..<PacketBatch.capacity).filter { bits >> UInt64($0) & 1 == 1 }
  }
}
