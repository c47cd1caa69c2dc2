import CDataPath
import FilterKit

/// The maps of sessions: the two ways of each.
struct SessionMaps: Sendable {
  let sessions: KernelMap<session_key, route_entry>
  let replies: KernelMap<reply_key, route_entry>

  /// Opens both ways of a session. Where one of them is taken, neither is opened.
  func open(_ session: CarriedSession, listener: SocketAddress) throws(KernelPathError) {
    // The way back first: as soon as the way there is open, an answer may come.
    let reply = KernelMaps.key(session.server, session.proxy)
    try replies.insert(reply, KernelRoute(from: listener, to: session.client).entry)
    do throws(KernelPathError) {
      try sessions.insert(
        KernelMaps.key(session.client, session.endpoint), KernelRoute(from: session.proxy, to: session.server).entry)
    } catch {
      replies.remove(reply)
      throw error
    }
  }

  func close(_ session: CarriedSession) {
    sessions.remove(KernelMaps.key(session.client, session.endpoint))
    replies.remove(KernelMaps.key(session.server, session.proxy))
  }

  /// When a packet of a session was last seen, in nanoseconds of `CLOCK_MONOTONIC`, to about a second; 0 for never.
  func lastSeen(_ session: CarriedSession) -> UInt64 {
    let there = sessions[KernelMaps.key(session.client, session.endpoint)]?.last_seen ?? 0
    let back = replies[KernelMaps.key(session.server, session.proxy)]?.last_seen ?? 0
    return max(there, back)
  }
}
