import DataPath
import FilterKit

/// Sessions that a process before this one made.
extension Worker {
  /// Takes over a port and its sessions; before the worker runs. What cannot be had ends: a port that another program took
  /// meanwhile, sessions above the limit.
  ///
  /// - Returns: how many sessions ended.
  mutating func adopt(_ port: AdoptedPort) -> Int {
    let rest = take(port)
    for session in rest { mirror?.sessionEnded(session.record) }
    return rest.count
  }

  /// - Returns: what cannot be had.
  private mutating func take(_ port: AdoptedPort) -> ArraySlice<LeftSession> {
    var rest = port.sessions[...]
    let upstream: UInt32
    do throws(SocketPathError) {
      upstream = try upstreams.adopt(port: port.number, isV4: port.isV4) { place, socket throws(SocketPathError) in
        try poller.add(socket, tag: UInt64(place))
      }
    } catch { return rest }
    while let left = rest.first {
      let record = left.record
      guard sessions.find(upstream: upstream, server: record.server) == nil, quota.take() else { break }
      upstreams.occupy(upstream, for: record.server)
      // One that was idle for long ends with the next sweep.
      let lastSeen = max(left.lastSeen, now - min(now, sessions.idle))
      _ = sessions.insert(
        Session(
          client: record.client, server: record.server, upstream: upstream,
          local: LocalAddress(ip: record.local, interface: 0), lastSeen: lastSeen))
      adopted?.add(
        client: record.client, server: record.server, socket: upstreams[upstream].number, port: port.number)
      rest.removeFirst()
    }
    upstreams.closeUnused(upstream)
    countSessions()
    return rest
  }

  /// Serves another worker's session where the client's packets come here; nil where there is none.
  mutating func makeGuest(_ client: SocketAddress, _ server: SocketAddress, _ local: LocalAddress) -> UInt32? {
    guard let adopted, let socket = adopted.join(client: client, server: server) else { return nil }
    let upstream = upstreams.takeGuest(socket, isV4: server.ip.isV4)
    return sessions.insert(
      Session(client: client, server: server, upstream: upstream, local: local, lastSeen: now))
  }
}
