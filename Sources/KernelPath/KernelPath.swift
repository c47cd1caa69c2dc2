import CDataPath
public import DataPath
public import FilterKit
import Synchronization

/// The data path that carries established sessions on in the driver: one XDP program with the chain in its frozen image.
///
/// The socket path makes each session and tells this one of it. Whatever the program does not handle reaches the same sockets,
/// so this path may come and go at any time: while it is away, or where it cannot be, the sockets serve all.
public final class KernelPath: SessionMirror, Sendable {
  private struct State {
    var active: ActiveProgram?
    /// All sessions of the socket path, for a program that comes later.
    var sessions: Set<SessionRecord> = []
    /// The numbers of endpoints. One that left the configuration keeps its number for its sessions.
    var endpoints: [SocketAddress: UInt32] = [:]
    /// From which address packets to a server leave; nil inside where none does.
    var sources: [SocketAddress: IPAddress?] = [:]
    /// Where clients send to.
    var port: UInt16 = 0
  }

  private let options: KernelPathOptions
  private let metrics: Metrics
  private let state = Mutex(State())

  public init(_ options: KernelPathOptions, metrics: Metrics) {
    self.options = options
    self.metrics = metrics
  }

  /// What carries packets now, for people: `eth0 (native)`. Empty where the sockets serve alone.
  public var attached: [String] { state.withLock { $0.active?.attachments.map(\.description) ?? [] } }

  /// Why the kernel refused the program that was specialised for the chain; then the generic one runs. Nil where it did not.
  public var specialisationRefusal: KernelPathError? { state.withLock { $0.active?.program.specialisationRefusal } }

  /// Brings a configuration into the kernel, in place of the one before. Where it cannot be, nothing is left attached, and the
  /// error says why: the sockets serve it.
  ///
  /// - Parameter listening: the addresses that the sockets listen on. All have one port.
  public func apply(_ snapshot: Snapshot, listening: [SocketAddress]) throws(KernelPathError) {
    let plan = ChainPlan(snapshot.chain)
    let result = state.withLock { state -> Result<Void, KernelPathError> in
      do throws(KernelPathError) {
        for endpoint in snapshot.routing.endpoints where state.endpoints[endpoint.address] == nil {
          state.endpoints[endpoint.address] = UInt32(state.endpoints.count)
        }
        state.port = listening[0].port
        try activate(plan, snapshot.routing, listening, &state)
        return .success(())
      } catch {
        state.active?.refreshCounters()
        state.active = nil
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Detaches. The sockets carry the sessions on.
  public func stop() {
    state.withLock { state in
      state.active?.refreshCounters()
      state.active = nil
    }
  }

  /// Brings the counters up to date, for whoever reads the metrics next.
  public func refreshCounters() { state.withLock { $0.active?.refreshCounters() } }

  private func activate(
    _ plan: ChainPlan, _ routing: RoutingTable, _ listening: [SocketAddress], _ state: inout State
  ) throws(KernelPathError) {
    if let refusal = plan.refusal { throw .refused(refusal) }
    let choice = try InterfaceChoice(options.interfaces, listening, routing.endpoints.map(\.address))
    var sizes = KernelProgram.Sizes()
    sizes.sessions = options.maxSessions
    sizes.tokens = max(1_024, 2 * routing.tokenCount)
    let image = try image(
      plan, addresses: choice.listeners, port: state.port, interfaces: choice.entries,
      hopLifetime: options.hopLifetime, needsFullChecksums: choice.needsFullChecksums(options.mode))
    try LoopbackForwarding.enable()
    var next = ActiveProgram(try KernelProgram(image, sizes: sizes), plan, metrics)
    for (place, interface) in choice.interfaces.enumerated() {
      try next.program.interfaces.set(UInt32(place), interface.index)
    }
    try next.program.fill(routing) { state.endpoints[$0]! }
    for session in state.sessions { try? Self.open(session, in: next.program, &state) }

    // A program that runs already is swapped: no packet passes without one.
    var old = state.active?.attachments ?? []
    for interface in choice.interfaces {
      if let index = old.firstIndex(where: { $0.interface == interface.name }) {
        let attachment = old.remove(at: index)
        try attachment.swap(to: next.program)
        next.attachments.append(attachment)
      } else {
        next.attachments.append(try Attachment(next.program, to: interface, mode: options.mode))
      }
    }
    state.active?.refreshCounters()
    state.active = next
  }
}

// MARK: - Sessions

extension KernelPath {
  public func sessionBegan(_ session: SessionRecord) {
    state.withLock { state in
      state.sessions.insert(session)
      // A map that is full, or memory that is out: the sockets serve this session.
      if let program = state.active?.program { try? Self.open(session, in: program, &state) }
    }
  }

  public func sessionEnded(_ session: SessionRecord) {
    state.withLock { state in
      state.sessions.remove(session)
      guard let program = state.active?.program, let ends = Self.ends(of: session, &state) else { return }
      program.removeRoute(client: session.client, endpoint: ends.endpoint)
      program.removeRoute(server: session.server, proxy: ends.proxy)
    }
  }

  public func lastSeen(_ session: SessionRecord) -> UInt64? {
    state.withLock { state in
      guard let program = state.active?.program, let ends = Self.ends(of: session, &state) else { return nil }
      let there = program.lastSeen(client: session.client, endpoint: ends.endpoint) ?? 0
      let back = program.lastSeen(server: session.server, proxy: ends.proxy) ?? 0
      return max(there, back)
    }
  }

  private static func open(
    _ session: SessionRecord, in program: KernelProgram, _ state: inout State
  ) throws(KernelPathError) {
    guard let ends = ends(of: session, &state) else { return }
    let listener = SocketAddress(session.local, port: state.port)
    // The way back first: as soon as the way there is open, an answer may come.
    try program.setRoute(server: session.server, proxy: ends.proxy, KernelRoute(from: listener, to: session.client))
    try program.setRoute(
      client: session.client, endpoint: ends.endpoint, KernelRoute(from: ends.proxy, to: session.server))
  }

  /// The endpoint's number and the proxy's address toward it; nil where packets to the server do not leave this host.
  private static func ends(
    of session: SessionRecord, _ state: inout State
  ) -> (endpoint: UInt32, proxy: SocketAddress)? {
    guard let endpoint = state.endpoints[session.server] else { return nil }
    let source = state.sources[session.server] ?? SourceAddress.toward(session.server)
    state.sources[session.server] = .some(source)
    guard let source, !source.isLoopback, source != session.server.ip else { return nil }
    return (endpoint, SocketAddress(source, port: session.sourcePort))
  }
}
