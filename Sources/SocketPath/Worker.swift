import CSys
import DataPath
import FilterKit
import Glibc

/// One thread of the socket path with everything it works on. Workers share nothing but the count of sessions.
///
/// The loop waits for packets, takes up to 64 at once, runs them through the chain together and sends what is left, one call
/// for each socket. It never blocks on sending: what a socket has no room for is dropped and counted.
struct Worker: ~Copyable {
  let mailbox: Mailbox
  let sheet: CounterSheet
  let counters: WorkerCounters
  let quota: SessionQuota
  let mirror: (any SessionMirror)?
  /// The sessions of a process before this one; nil where there are none.
  let adopted: AdoptedSessions?
  let poller: Poller
  var listeners: ListenerPair

  var snapshot: Snapshot
  /// The servers' addresses, by the number that the chain knows them by.
  var servers: [SocketAddress]
  var batch: PacketBatch
  let incoming = MessageRing(capacity: PacketBatch.capacity)
  let outgoing = MessageRing(capacity: PacketBatch.capacity)

  var sessions: SessionTable
  var upstreams = UpstreamPool()
  var outbox = Outbox()
  /// Replies in the batch that were not run through the chain yet.
  var replies = 0
  /// For each packet of the batch, the local address that it came to (from a client) or its session (from a server).
  let locals: UnsafeMutablePointer<LocalAddress>
  let origins: UnsafeMutablePointer<UInt32>
  var now: UInt64
  var isDraining = false
  private var nextDropCheck: UInt64 = 0

  private static let v4Tag: UInt64 = 1 << 32
  private static let v6Tag: UInt64 = 1 << 33
  private static let mailboxTag: UInt64 = 1 << 34
  /// How many batches one socket may have in a row while others wait.
  static let batchesInARow = 16

  /// What waits for the listeners and the mailbox of a worker.
  static func makePoller(
    _ listeners: borrowing ListenerPair, _ mailbox: Mailbox
  ) throws(SocketPathError) -> Poller {
    let poller = try Poller()
    try poller.add(mailbox.descriptor, tag: mailboxTag)
    if let number = listeners.number(isV4: true) { try poller.add(number, tag: v4Tag) }
    if let number = listeners.number(isV4: false) { try poller.add(number, tag: v6Tag) }
    return poller
  }

  init(
    _ listeners: consuming ListenerPair, poller: consuming Poller, snapshot: Snapshot, idleTimeout: UInt64,
    mailbox: Mailbox, metrics: Metrics, counters: WorkerCounters, quota: SessionQuota,
    mirror: (any SessionMirror)?, adopted: AdoptedSessions?
  ) {
    self.poller = poller
    self.listeners = listeners
    self.mailbox = mailbox
    self.counters = counters
    self.quota = quota
    self.mirror = mirror
    self.adopted = adopted
    sheet = metrics.makeSheet()
    self.snapshot = snapshot
    servers = snapshot.routing.endpoints.map(\.address)
    batch = PacketBatch(keyCount: snapshot.chain.keys.count, routing: snapshot.routing, sheet: sheet)
    incoming.aim(at: batch)
    now = SystemClock.monotonic
    sessions = SessionTable(idle: idleTimeout, now: now)
    locals = .allocate(capacity: PacketBatch.capacity)
    origins = .allocate(capacity: PacketBatch.capacity)
  }

  deinit {
    locals.deallocate()
    origins.deallocate()
  }

  /// Serves until the mailbox says stop.
  mutating func run() {
    while true {
      now = SystemClock.monotonic
      let ready = poller.wait(milliseconds: timeout())
      now = SystemClock.monotonic
      for index in 0..<ready {
        switch poller.tag(index) {
        case Self.v4Tag: readClients(isV4: true)
        case Self.v6Tag: readClients(isV4: false)
        case Self.mailboxTag: if collect() { return }
        case let upstream: readServers(UInt32(truncatingIfNeeded: upstream))
        }
      }
      finishReplies()
      sweep()
    }
  }

  // MARK: - Between batches

  /// Milliseconds until there is something to do without a packet; -1 for never.
  private func timeout() -> Int32 {
    guard let nanoseconds = sessions.nextSweep(after: now) else { return -1 }
    return Int32(clamping: (nanoseconds + 999_999) / 1_000_000)
  }

  /// Takes what was posted. True: stop.
  private mutating func collect() -> Bool {
    finishReplies()
    let letters = mailbox.collect()
    isDraining = letters.drain
    if let snapshot = letters.snapshot { adopt(snapshot) }
    letters.adoption?.confirm()
    if letters.stop {
      sessions.removeAll { session in
        if upstreams.isGuest(session.upstream) { return }
        mirror?.sessionEnded(upstreams.record(of: session))
        quota.giveBack()
      }
    }
    return letters.stop
  }

  private mutating func adopt(_ snapshot: Snapshot) {
    self.snapshot = snapshot
    servers = snapshot.routing.endpoints.map(\.address)
    batch = PacketBatch(keyCount: snapshot.chain.keys.count, routing: snapshot.routing, sheet: sheet)
    incoming.aim(at: batch)
  }

  private mutating func sweep() {
    let before = sessions.count
    sessions.expire(now: now) { session in
      if upstreams.isGuest(session.upstream) { return 0 }
      let seen = mirror?.lastSeen(upstreams.record(of: session)) ?? 0
      return adopted.map { $0.end(session, seen: seen, now: now) } ?? seen
    } ended: { session in
      if upstreams.isGuest(session.upstream) {
        upstreams.releaseGuest(session.upstream)
        adopted?.leave(session)
        return
      }
      mirror?.sessionEnded(upstreams.record(of: session))
      upstreams.release(session.upstream, from: session.server)
      quota.giveBack()
    }
    if sessions.count != before { countSessions() }
    guard now >= nextDropCheck else { return }
    nextDropCheck = now + 1_000_000_000
    countDrops(.receiveQueueFull, listeners.newDrops())
  }

  /// Says how many sessions this worker has. Guests are another worker's.
  func countSessions() { sheet.set(counters.sessionsActive, to: UInt64(sessions.count - upstreams.guestCount)) }

  @inline(__always) func countDrops(_ reason: DropReason, _ amount: UInt64 = 1) {
    if amount > 0 { sheet.add(amount, to: counters.drops[reason]) }
  }

  /// Sends the first `count` messages of `outgoing`. What the socket has no room for is dropped, not waited for.
  func send(_ count: Int, from socket: Int32, _ flow: FlowCounters) {
    var next = 0
    var sentPackets = 0
    var sentBytes = 0
    while next < count {
      let sent = Int(csys_send(socket, outgoing.headers + next, UInt32(count &- next)))
      if sent > 0 {
        for index in next..<(next &+ sent) { sentBytes &+= outgoing.size(index) }
        sentPackets &+= sent
        next &+= sent
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN, ENOBUFS:
        countDrops(.sendQueueFull, UInt64(count &- next))
        next = count
      default:
        countDrops(.sendFailed)
        next &+= 1
      }
    }
    sheet.add(UInt64(sentPackets), to: flow.packetsSent)
    sheet.add(UInt64(sentBytes), to: flow.bytesSent)
  }
}
