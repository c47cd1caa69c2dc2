import DataPath
import FilterKit
import Glibc
import Synchronization

/// The sessions that were taken over from a process before this one, for all workers.
///
/// The kernel decides which worker gets a client's packets, and nobody can ask it beforehand. So any worker may own such a session:
/// the owner reads the answers from its socket. Another one that gets packets of the client makes a guest of the session: it sends
/// them from the same socket, by a descriptor of its own. While there is a guest, the session does not end.
///
/// Workers come here when they make a session and when one was idle: never for a packet of a session that they know.
final class AdoptedSessions: Sendable {
  private struct Key: Hashable {
    let client: SocketAddress
    let server: SocketAddress
  }

  private struct Entry {
    /// The owner's; -1 where no worker owns the session yet.
    var socket: Int32 = -1
    var port: UInt16 = 0
    var guests = 0
    /// The last packet of a guest that is gone.
    var lastSeen: UInt64 = 0
  }

  let sessions: [LeftSession]
  private let idleTimeout: UInt64
  private let entries = Mutex<[Key: Entry]>([:])
  private let count = Atomic(0)

  /// Nil without sessions.
  init?(_ sessions: [LeftSession], idleTimeout: UInt64) {
    if sessions.isEmpty { return nil }
    self.sessions = sessions
    self.idleTimeout = max(idleTimeout, 1_000_000)
  }

  /// Says who owns a session: whose socket its answers come to.
  func add(client: SocketAddress, server: SocketAddress, socket: Int32, port: UInt16) {
    entries.withLock { $0[Key(client: client, server: server)] = Entry(socket: socket, port: port) }
    count.add(1, ordering: .relaxed)
  }

  /// Becomes a guest of another worker's session; nil where there is none.
  func join(client: SocketAddress, server: SocketAddress) -> UDPSocket? {
    if count.load(ordering: .relaxed) == 0 { return nil }
    return entries.withLock { entries -> UDPSocket? in
      let key = Key(client: client, server: server)
      guard let entry = entries[key] else { return nil }
      let anywhere = server.ip.isV4 ? IPAddress(v4: 0) : IPAddress(high: 0, low: 0)
      guard let socket = try? UDPSocket(sharing: entry.socket, SocketAddress(anywhere, port: entry.port)) else {
        return nil
      }
      entries[key]!.guests += 1
      return socket
    }
  }

  /// Is a guest no more.
  func leave(_ session: Session) {
    entries.withLock { entries in
      let key = Key(client: session.client, server: session.server)
      guard let entry = entries[key] else { return }
      entries[key]!.guests -= 1
      entries[key]!.lastSeen = max(entry.lastSeen, session.lastSeen)
    }
  }

  /// Asks whether a session that was idle for its owner ends now. From then on nobody becomes its guest.
  ///
  /// - Parameter seen: the last packet on another path.
  /// - Returns: when a packet of it was seen last, as far as guests and other paths know.
  func end(_ session: Session, seen: UInt64, now: UInt64) -> UInt64 {
    if seen + idleTimeout > now { return seen }
    return entries.withLock { entries in
      let key = Key(client: session.client, server: session.server)
      guard let entry = entries[key] else { return seen }
      if entry.guests > 0 { return now }
      if entry.lastSeen + idleTimeout > now { return entry.lastSeen }
      entries[key] = nil
      count.subtract(1, ordering: .relaxed)
      return seen
    }
  }
}
