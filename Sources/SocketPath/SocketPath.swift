import CSys
public import DataPath
public import FilterKit
import Glibc
import Synchronization

/// The data path that runs every filter: UDP sockets, one worker a core.
///
/// Each worker has its own listening sockets, its own sessions and its own source ports; the kernel spreads clients over the
/// workers by address and port, so a client stays with one of them.
public final class SocketPath: Sendable {
  private struct State: ~Copyable {
    var waiting: [Thread] = []
    var threads: [pthread_t] = []
  }

  /// The addresses that are listened on, with the port that the kernel chose where 0 was asked for.
  public let listening: [SocketAddress]
  /// What an operator should know: limits of the system that are too low, a family that is missing.
  public let warnings: [String]
  private let mailboxes: [Mailbox]
  private let quota: SessionQuota
  private let state: Mutex<State>

  /// Opens all sockets. From then on packets wait in them until `start`.
  ///
  /// - Parameter mirror: another path that carries sessions on, if there is one.
  public init(
    _ options: SocketPathOptions, snapshot: Snapshot, metrics: Metrics, mirror: (any SessionMirror)? = nil
  ) throws(SocketPathError) {
    var warnings: [String] = []
    let counters = WorkerCounters(metrics)
    quota = SessionQuota(limit: options.maxSessions)
    warnings += DescriptorLimit.raise(for: options)
    let claimed = try ListenerPair(claiming: options.listen, warnings: &warnings)
    let addresses = claimed.addresses
    listening = addresses
    let adopted = AdoptedSessions(
      mirror?.sessionsLeft(for: addresses) ?? [], idleTimeout: options.idleTimeout.nanoseconds)

    var mailboxes: [Mailbox] = []
    var waiting: [Thread] = []
    var first = Optional(claimed)
    for number in 0..<max(1, options.workers) {
      let mailbox = try Mailbox()
      let listeners: ListenerPair
      if let mine = first.take() { listeners = mine } else { listeners = try ListenerPair(joining: addresses) }
      let poller = try Worker.makePoller(listeners, mailbox)
      let worker = Worker(
        listeners, poller: poller, snapshot: snapshot, idleTimeout: options.idleTimeout.nanoseconds,
        mailbox: mailbox, metrics: metrics, counters: counters, quota: quota, mirror: mirror, adopted: adopted)
      mailboxes.append(mailbox)
      waiting.append(Thread(worker, name: "worker-\(number)"))
    }
    // Not one by one: the kernel spreads clients over the sockets that are there, and a client would go to one worker now and to
    // another then, with a session at each.
    for thread in waiting { thread.prepare { $0.listeners.open() } }

    var unclaimed = adopted.map { AdoptedPort.group($0.sessions) } ?? []
    var lost = 0
    for (number, thread) in waiting.enumerated() {
      let share = unclaimed.count / (waiting.count - number)
      for port in unclaimed.suffix(share).reversed() { lost += thread.prepare { $0.adopt(port) } }
      unclaimed.removeLast(share)
    }
    if lost > 0 {
      warnings.append(
        "sessions of the process before that could not be taken over, since another program has their source port or the limit "
          + "of sessions is reached: \(lost)")
    }
    self.mailboxes = mailboxes
    self.warnings = warnings
    state = Mutex(State(waiting: waiting))
  }

  deinit { stop() }

  /// Whether a socket has an address already.
  public static func isInUse(_ address: SocketAddress) -> Bool {
    do throws(SocketPathError) {
      _ = try UDPSocket(.firstListener, on: address)
      return false
    } catch {
      if case .addressInUse = error { return true }
      return false
    }
  }

  /// Starts the workers.
  public func start() throws(SocketPathError) {
    let failure = state.withLock { state -> Int32? in
      for thread in state.waiting {
        switch thread.start() {
        case .success(let id): state.threads.append(id)
        case .failure(let error): return error.errno
        }
      }
      state.waiting = []
      return nil
    }
    if let failure {
      stop()
      throw .system(call: "pthread_create", errno: failure)
    }
  }

  /// Gives the workers a new configuration, and waits until each has adopted it, which it does between two batches: from then on no
  /// packet goes by the old one. Sessions go on. To be called by one thread at a time.
  ///
  /// - Returns: False where a worker has not adopted it within a second. It will, before its next batch.
  @discardableResult public func apply(_ snapshot: Snapshot) -> Bool {
    let isRunning = state.withLock { !$0.threads.isEmpty }
    // Without an event to wait for, all goes on as if the workers were quick.
    let adoption = isRunning ? try? Adoption(by: mailboxes.count) : nil
    for mailbox in mailboxes {
      mailbox.post { letters in
        letters.snapshot = snapshot
        letters.adoption = adoption
      }
    }
    return adoption?.wait(milliseconds: 1_000) ?? true
  }

  /// From now on no session is made; those that are go on.
  ///
  /// - Parameter whenEmpty: Called once, when no session is left: at once, or on a worker's thread.
  public func beginDrain(whenEmpty: @escaping @Sendable () -> Void = {}) {
    for mailbox in mailboxes { mailbox.post { $0.drain = true } }
    quota.whenNone(whenEmpty)
  }

  /// Sessions of all workers.
  public var activeSessions: Int { quota.count }

  /// Ends the workers and closes everything. Returns when they are gone; further calls do nothing.
  public func stop() {
    for mailbox in mailboxes { mailbox.post { $0.stop = true } }
    let threads = state.withLock { state in
      defer { state = State() }
      return state.threads
    }
    for thread in threads { pthread_join(thread, nil) }
  }
}

extension Duration {
  /// Whole nanoseconds, 0 for what is negative, and at most about 292 years.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? UInt64(Int64.max) : min(product, UInt64(Int64.max)) + UInt64(attoseconds / 1_000_000_000)
  }
}
