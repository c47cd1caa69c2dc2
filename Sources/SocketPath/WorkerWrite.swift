import CSys
import DataPath
import FilterKit
import Glibc

/// Packets from servers to clients.
extension Worker {
  /// Takes what waits at an upstream socket. Replies of several sockets share a batch.
  mutating func readServers(_ upstream: UInt32) {
    for _ in 0..<Self.batchesInARow {
      // The session's end may have closed the socket since it became ready.
      guard let socket = upstreams.openNumber(upstream) else { return }
      if replies == 0 { batch.begin(.write, now: now, wallClock: SystemClock.wall) }
      let room = PacketBatch.capacity &- replies
      let count = Int(csys_receive(socket, incoming.headers + replies, UInt32(room)))
      guard count > 0 else { return }
      accept(count, from: upstream)
      replies &+= count
      if replies == PacketBatch.capacity { finishReplies() }
      if count < room { return }
    }
  }

  private mutating func accept(_ count: Int, from upstream: UInt32) {
    var bytes = 0
    for index in replies..<(replies &+ count) {
      let size = incoming.size(index)
      bytes &+= size
      if let server = incoming.source(index), let session = sessions.find(upstream: upstream, server: server) {
        sessions[session].lastSeen = now
        origins[index] = session
        batch.insert(index, size: size, from: server)
      } else {
        countDrops(.unknownServer)
      }
      incoming.rearm(index)
    }
    sheet.add(UInt64(count), to: counters.write.packetsReceived)
    sheet.add(UInt64(bytes), to: counters.write.bytesReceived)
  }

  /// Runs the replies that wait through the chain and sends them to their clients.
  mutating func finishReplies() {
    guard replies > 0 else { return }
    replies = 0
    snapshot.chain.run(.write, &batch)
    answer(isV4: true)
    answer(isV4: false)
  }

  private mutating func answer(isV4: Bool) {
    guard let socket = listeners.number(isV4: isV4) else { return }
    // A listener with one address sends from it by itself.
    let needsLocal = listeners.fixedAddress(isV4: isV4) == nil
    var count = 0
    var rest = batch.livePackets
    while rest != 0 {
      let packet = rest.trailingZeroBitCount
      rest &= rest &- 1
      let client = sessions[origins[packet]].client
      guard client.ip.isV4 == isV4 else { continue }
      outgoing.put(
        count, payload: batch.payload(packet), to: client,
        from: needsLocal ? sessions[origins[packet]].local : nil)
      count &+= 1
    }
    if count > 0 { send(count, from: socket, counters.write) }
  }
}
