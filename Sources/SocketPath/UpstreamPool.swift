import DataPath
import FilterKit

/// The source ports of one worker: a socket each, which serves many servers, but only one client toward each of them.
struct UpstreamPool: ~Copyable {
  /// One place of the pool. Its socket is open while sessions use it.
  struct Place: ~Copyable {
    var socket: UDPSocket?
    /// The socket's descriptor; -1 where there is none.
    var number: Int32 = -1
    var port: UInt16 = 0
    var sessions = 0
    let isV4: Bool
    /// The socket is another worker's too, which alone reads from it.
    var isGuest = false
    /// The packets that wait to be sent from this socket: first and last of a list in the worker's outbox.
    var firstPending = Outbox.none
    var lastPending = Outbox.none
  }

  /// The places that a server has seen.
  private struct Server {
    /// How many places of its family were handed out for this server.
    var handedOut = 0
    /// Places that are free again, longest first, so that late replies to an ended session find nobody for a while.
    var released: [UInt32] = []
    var nextReleased = 0
  }

  private var places: UnsafeMutablePointer<Place>
  private var capacity = 16
  private(set) var count = 0
  /// The places of each family, in the order in which they were made.
  private var v4: [UInt32] = []
  private var v6: [UInt32] = []
  private var servers: [SocketAddress: Server] = [:]
  private(set) var guestCount = 0
  private var freeGuests: [UInt32] = []

  init() { places = .allocate(capacity: 16) }

  deinit {
    places.deinitialize(count: count)
    places.deallocate()
  }

  subscript(_ index: UInt32) -> Place {
    @inline(__always) unsafeAddress { UnsafePointer(places + Int(index)) }
    @inline(__always) unsafeMutableAddress { places + Int(index) }
  }

  /// What another path needs to know of a session.
  func record(of session: Session) -> SessionRecord {
    SessionRecord(
      client: session.client, server: session.server, local: session.local.ip,
      sourcePort: places[Int(session.upstream)].port)
  }

  /// The descriptor of a place's socket, or nil where no session uses the place.
  @inline(__always) func openNumber(_ index: UInt32) -> Int32? {
    let number = places[Int(index)].number
    return number < 0 ? nil : number
  }

  /// Takes a place for a new session toward `server`. `opened` gets the socket that had to be opened for it.
  mutating func take(for server: SocketAddress, opened: (UInt32, Int32) throws(SocketPathError) -> Void)
    throws(SocketPathError) -> UInt32
  {
    let isV4 = server.ip.isV4
    var record = servers[server] ?? Server()
    let index: UInt32
    if record.nextReleased < record.released.count {
      index = record.released[record.nextReleased]
      record.nextReleased += 1
      if record.nextReleased * 2 > record.released.count {
        record.released.removeFirst(record.nextReleased)
        record.nextReleased = 0
      }
    } else {
      let family = isV4 ? v4 : v6
      index = record.handedOut < family.count ? family[record.handedOut] : makePlace(isV4: isV4)
      record.handedOut += 1
    }
    servers[server] = record
    do throws(SocketPathError) {
      if places[Int(index)].socket == nil {
        let anywhere = isV4 ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0)
        let socket = try UDPSocket(.upstream, on: SocketAddress(anywhere, port: 0))
        try opened(index, socket.number)
        fill(index, consume socket)
      }
    } catch {
      servers[server]?.released.append(index)
      throw error
    }
    places[Int(index)].sessions += 1
    return index
  }

  /// Gives back the place of a session that ended. The socket of its last session is closed, and its port free.
  mutating func release(_ index: UInt32, from server: SocketAddress) {
    places[Int(index)].sessions -= 1
    if places[Int(index)].sessions == 0 {
      places[Int(index)].number = -1
      places[Int(index)].socket = nil
    }
    servers[server]?.released.append(index)
    // A server without sessions leaves nothing behind.
    if let record = servers[server], record.released.count - record.nextReleased == record.handedOut {
      servers[server] = nil
    }
  }

  private mutating func makePlace(isV4: Bool) -> UInt32 {
    let index = addPlace(isV4: isV4)
    if isV4 { v4.append(index) } else { v6.append(index) }
    return index
  }

  private mutating func addPlace(isV4: Bool) -> UInt32 {
    if count == capacity {
      let larger = UnsafeMutablePointer<Place>.allocate(capacity: capacity * 2)
      larger.moveInitialize(from: places, count: count)
      places.deallocate()
      places = larger
      capacity *= 2
    }
    (places + count).initialize(to: Place(isV4: isV4))
    count += 1
    return UInt32(count - 1)
  }
}

// MARK: - Sessions of a process before this one

extension UpstreamPool {
  /// Takes a place with a port of its own choice for sessions with servers of one family. It is open, and no session uses it yet.
  mutating func adopt(port: UInt16, isV4: Bool, opened: (UInt32, Int32) throws(SocketPathError) -> Void)
    throws(SocketPathError) -> UInt32
  {
    let anywhere = isV4 ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0)
    let socket = try UDPSocket(.upstream, on: SocketAddress(anywhere, port: port))
    let index = makePlace(isV4: isV4)
    try opened(index, socket.number)
    fill(index, consume socket)
    return index
  }

  /// Lets a session with a server use the place that was adopted last.
  mutating func occupy(_ index: UInt32, for server: SocketAddress) {
    let family = server.ip.isV4 ? v4 : v6
    precondition(family.last == index, "only the newest place is known to be its family's last")
    var record = servers[server] ?? Server()
    record.released += family[record.handedOut..<(family.count - 1)]
    record.handedOut = family.count
    servers[server] = record
    places[Int(index)].sessions += 1
  }

  /// Closes the socket of a place that was adopted and is not used.
  mutating func closeUnused(_ index: UInt32) {
    guard places[Int(index)].sessions == 0 else { return }
    places[Int(index)].number = -1
    places[Int(index)].socket = nil
  }

  /// Takes a place whose socket is shared with the worker that reads from it.
  mutating func takeGuest(_ socket: consuming UDPSocket, isV4: Bool) -> UInt32 {
    let index = freeGuests.popLast() ?? addPlace(isV4: isV4)
    places[Int(index)].isGuest = true
    places[Int(index)].sessions = 1
    fill(index, consume socket)
    guestCount += 1
    return index
  }

  func isGuest(_ index: UInt32) -> Bool { places[Int(index)].isGuest }

  mutating func releaseGuest(_ index: UInt32) {
    places[Int(index)].sessions = 0
    places[Int(index)].number = -1
    places[Int(index)].socket = nil
    freeGuests.append(index)
    guestCount -= 1
  }

  private mutating func fill(_ index: UInt32, _ socket: consuming UDPSocket) {
    places[Int(index)].number = socket.number
    places[Int(index)].port = socket.address.port
    places[Int(index)].socket = consume socket
  }
}
