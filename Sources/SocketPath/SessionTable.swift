import FilterKit

/// The sessions of one worker, found from both sides, and ended when they were idle for long enough.
///
/// Ends are found by a wheel of time slots: a session lies in the slot of the earliest moment at which it can end. When that
/// moment comes, a session that had a packet since moves on to a later slot. So a packet writes one time stamp, and nothing is
/// ever scanned.
struct SessionTable: ~Copyable {
  private var sessions: UnsafeMutablePointer<Session>
  private var capacity = 64
  private var free = Session.none
  private var used: UInt32 = 0
  private(set) var count = 0
  private var byClient = RawIndex()
  private var byUpstream = RawIndex()
  private let seed = UInt64.random(in: .min ... .max)

  let idle: UInt64
  /// The length of a slot in nanoseconds.
  let tick: UInt64
  private let wheel: UnsafeMutablePointer<UInt32>
  private let wheelSize: UInt64
  /// The number of the tick up to which sessions were ended.
  private var swept: UInt64

  /// - Parameters:
  ///   - idle: nanoseconds without a packet after which a session ends, 1 ms at least.
  ///   - now: nanoseconds of `CLOCK_MONOTONIC`.
  init(idle: UInt64, now: UInt64) {
    self.idle = max(idle, 1_000_000)
    // A session ends at most one tick late.
    tick = min(max(self.idle / 16, 1_000_000), 1_000_000_000)
    wheelSize = self.idle / tick + 3
    wheel = .allocate(capacity: Int(wheelSize))
    wheel.initialize(repeating: Session.none, count: Int(wheelSize))
    swept = now / tick
    sessions = .allocate(capacity: 64)
  }

  deinit {
    sessions.deallocate()
    wheel.deallocate()
  }

  subscript(_ index: UInt32) -> Session {
    @inline(__always) unsafeAddress { UnsafePointer(sessions + Int(index)) }
    @inline(__always) unsafeMutableAddress { sessions + Int(index) }
  }

  @inline(__always) func find(client: SocketAddress, server: SocketAddress) -> UInt32? {
    byClient.find(hash(client, server)) { sessions[Int($0)].client == client && sessions[Int($0)].server == server }
  }

  @inline(__always) func find(upstream: UInt32, server: SocketAddress) -> UInt32? {
    byUpstream.find(hash(upstream, server)) {
      sessions[Int($0)].upstream == upstream && sessions[Int($0)].server == server
    }
  }

  mutating func insert(_ session: Session) -> UInt32 {
    let index = takePlace()
    (sessions + Int(index)).initialize(to: session)
    byClient.insert(hash(session.client, session.server), index)
    byUpstream.insert(hash(session.upstream, session.server), index)
    file(index)
    count += 1
    return index
  }

  /// Nanoseconds from `now` until the next call of `expire` can find something; nil without sessions.
  func nextSweep(after now: UInt64) -> UInt64? {
    guard count > 0 else { return nil }
    let due = (swept + 1) * tick
    return due > now ? due - now : 0
  }

  /// Ends the sessions that are idle by now, and calls `ended` with each before its place is reused. `seenElsewhere` is asked
  /// first when another path saw a packet of the session.
  mutating func expire(now: UInt64, seenElsewhere: (Session) -> UInt64, ended: (Session) -> Void) {
    let current = now / tick
    guard current > swept else { return }
    // A long sleep visits each slot once.
    let steps = min(current - swept, wheelSize)
    for step in 1...steps {
      let slot = (current - steps + step) % wheelSize
      var index = wheel[Int(slot)]
      wheel[Int(slot)] = Session.none
      while index != Session.none {
        let next = sessions[Int(index)].next
        if sessions[Int(index)].lastSeen + idle <= now {
          sessions[Int(index)].lastSeen = max(sessions[Int(index)].lastSeen, seenElsewhere(sessions[Int(index)]))
        }
        if sessions[Int(index)].lastSeen + idle <= now {
          ended(sessions[Int(index)])
          release(index)
        } else {
          file(index)
        }
        index = next
      }
    }
    swept = current
  }

  /// Ends all sessions.
  mutating func removeAll(_ ended: (Session) -> Void) {
    for slot in 0..<Int(wheelSize) {
      var index = wheel[slot]
      while index != Session.none {
        ended(sessions[Int(index)])
        index = sessions[Int(index)].next
      }
    }
    count = 0
    used = 0
    free = Session.none
    byClient = RawIndex()
    byUpstream = RawIndex()
    wheel.update(repeating: Session.none, count: Int(wheelSize))
  }

  // MARK: - Storage

  /// Puts a session into the slot of the first tick that begins after its end.
  private mutating func file(_ index: UInt32) {
    let slot = ((sessions[Int(index)].lastSeen + idle) / tick + 1) % wheelSize
    sessions[Int(index)].next = wheel[Int(slot)]
    wheel[Int(slot)] = index
  }

  private mutating func release(_ index: UInt32) {
    let session = sessions[Int(index)]
    byClient.remove(hash(session.client, session.server), index)
    byUpstream.remove(hash(session.upstream, session.server), index)
    sessions[Int(index)].next = free
    free = index
    count -= 1
  }

  private mutating func takePlace() -> UInt32 {
    if free != Session.none {
      let index = free
      free = sessions[Int(index)].next
      return index
    }
    if Int(used) == capacity {
      let larger = UnsafeMutablePointer<Session>.allocate(capacity: capacity * 2)
      larger.moveInitialize(from: sessions, count: capacity)
      sessions.deallocate()
      sessions = larger
      capacity *= 2
    }
    used += 1
    return used - 1
  }

  // Clients choose their addresses, so the hashes are seeded.
  @inline(__always) private func hash(_ client: SocketAddress, _ server: SocketAddress) -> UInt64 {
    mix(hash(client) &+ seed) ^ hash(server)
  }
  @inline(__always) private func hash(_ upstream: UInt32, _ server: SocketAddress) -> UInt64 {
    mix(hash(server) &+ seed &+ UInt64(upstream))
  }
  @inline(__always) private func hash(_ address: SocketAddress) -> UInt64 {
    mix(address.ip.low &+ mix(address.ip.high &+ seed) &+ UInt64(address.port) << 48 &+ UInt64(address.scope))
  }
}
