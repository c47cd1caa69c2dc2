import CSys
import DataPath
import FilterKit
import Glibc

/// Packets from clients to servers.
extension Worker {
  /// Takes what waits at a listener.
  mutating func readClients(isV4: Bool) {
    guard let socket = listeners.number(isV4: isV4) else { return }
    finishReplies()
    for _ in 0..<Self.batchesInARow {
      let count = Int(csys_receive(socket, incoming.headers, UInt32(PacketBatch.capacity)))
      guard count > 0 else { return }
      batch.begin(.read, now: now, wallClock: SystemClock.wall)
      accept(count, fixed: listeners.fixedAddress(isV4: isV4))
      snapshot.chain.run(.read, &batch)
      forward()
      if count < PacketBatch.capacity { return }
      now = SystemClock.monotonic
    }
  }

  /// Puts the received packets that may come in into the batch.
  private mutating func accept(_ count: Int, fixed: LocalAddress?) {
    var bytes = 0
    for index in 0..<count {
      let size = incoming.size(index)
      bytes &+= size
      if let source = incoming.source(index), let local = fixed ?? incoming.local(index), isWelcome(source, at: local) {
        locals[index] = local
        batch.insert(index, size: size, from: source)
      } else {
        countDrops(.sourceRefused)
      }
      incoming.rearm(index)
    }
    sheet.add(UInt64(count), to: counters.read.packetsReceived)
    sheet.add(UInt64(bytes), to: counters.read.bytesReceived)
  }

  /// Whether a reply to this source can be meant for a client. A loopback source is one only where it was talked to over
  /// loopback: anywhere else it is forged.
  @inline(__always) private func isWelcome(_ source: SocketAddress, at local: LocalAddress) -> Bool {
    if source.ip.isMulticast || source.ip.isBroadcast || source.ip.isUnspecified || source.port == 0 { return false }
    return !source.ip.isLoopback || local.ip.isLoopback
  }

  /// Sends what the chain let through to its destinations.
  private mutating func forward() {
    var rest = batch.livePackets
    while rest != 0 {
      let packet = rest.trailingZeroBitCount
      rest &= rest &- 1
      var destinations = batch.destinations(packet)
      if destinations.isEmpty {
        if servers.isEmpty { countDrops(.noEndpoints) }
        for index in 0..<servers.count { queue(packet, to: servers[index]) }
      } else {
        while let endpoint = destinations.pop() { queue(packet, to: servers[Int(endpoint)]) }
      }
    }
    flush()
  }

  private mutating func queue(_ packet: Int, to server: SocketAddress) {
    let client = batch.source(packet)
    guard let index = sessions.find(client: client, server: server) ?? makeSession(client, server, locals[packet])
    else { return }
    sessions[index].lastSeen = now
    sessions[index].local = locals[packet]
    if outbox.isFull { flush() }
    let upstream = sessions[index].upstream
    outbox.append(packet: packet, session: index, from: upstream, of: &upstreams[upstream])
  }

  private mutating func makeSession(_ client: SocketAddress, _ server: SocketAddress, _ local: LocalAddress) -> UInt32?
  {
    if let guest = makeGuest(client, server, local) { return guest }
    if isDraining { return refuse(.draining) }
    guard quota.take() else { return refuse(.sessionLimit) }
    let upstream: UInt32
    do throws(SocketPathError) {
      upstream = try upstreams.take(for: server) { place, socket throws(SocketPathError) in
        try poller.add(socket, tag: UInt64(place))
      }
    } catch {
      quota.giveBack()
      return refuse(.portsExhausted)
    }
    let index = sessions.insert(
      Session(client: client, server: server, upstream: upstream, local: local, lastSeen: now))
    mirror?.sessionBegan(upstreams.record(of: sessions[index]))
    sheet.add(1, to: counters.sessionsMade)
    countSessions()
    return index
  }

  private func refuse(_ reason: DropReason) -> UInt32? {
    countDrops(reason)
    sheet.add(1, to: counters.sessionsRefused)
    return nil
  }

  /// Sends the outbox, one call for each socket.
  private mutating func flush() {
    for touched in 0..<outbox.touchedCount {
      let upstream = outbox.touched[touched]
      let socket = upstreams.openNumber(upstream)
      var next = upstreams[upstream].firstPending
      upstreams[upstream].firstPending = Outbox.none
      upstreams[upstream].lastPending = Outbox.none
      while next != Outbox.none {
        var count = 0
        while next != Outbox.none, count < outgoing.capacity {
          let entry = outbox.entries[Int(next)]
          outgoing.put(
            count, payload: batch.payload(Int(entry.packet)), to: sessions[entry.session].server, from: nil)
          count &+= 1
          next = entry.next
        }
        if let socket { send(count, from: socket, counters.read) }
      }
    }
    outbox.reset()
  }
}
