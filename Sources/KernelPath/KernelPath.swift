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
    var sessions = MirroredSessions()
    var numbers = EndpointNumbers()
    /// From which address packets to a server leave; nil inside where none does.
    var sources: [SocketAddress: IPAddress?] = [:]
    /// Where clients send to.
    var port: UInt16 = 0
    var offload: OffloadState
    /// Where the filters' state is, while the kernel has a part in it.
    var cells: KernelCells?
    var keeper: NeighbourKeeper?
    var warnings: [String] = []
    /// How interfaces take the program, by their index, where that was found out.
    var modes: [UInt32: AttachMode] = [:]
  }

  private let options: KernelPathOptions
  private let metrics: Metrics
  private let counters: PathCounters
  private let state: Mutex<State>

  public init(_ options: KernelPathOptions, metrics: Metrics) {
    self.options = options
    self.metrics = metrics
    counters = PathCounters(metrics)
    state = Mutex(State(offload: OffloadState(metrics)))
  }

  /// What carries packets now, for people: `eth0 (native)`. Empty where the sockets serve alone.
  public var attached: [String] {
    state.withLock { $0.active?.attachments.filter(\.isInPlace).map(\.description) ?? [] }
  }

  /// What of the configuration that was applied last is likely not as it was meant, for people.
  public var warnings: [String] { state.withLock { $0.warnings } }

  /// Brings a configuration into the kernel, in place of the one before. Where it cannot be, nothing is left attached, and the
  /// error says why: the sockets serve it.
  ///
  /// - Parameter listening: the addresses that the sockets listen on. All have one port.
  public func apply(_ snapshot: Snapshot, listening: [SocketAddress]) throws(KernelPathError) {
    let plan = ChainPlan(snapshot.chain)
    let result = state.withLock { state -> Result<Void, KernelPathError> in
      do throws(KernelPathError) {
        state.port = listening[0].port
        state.warnings = []
        try activate(plan, snapshot.routing, listening, &state)
        if state.keeper == nil { state.keeper = try NeighbourKeeper(every: options.neighbourInterval) }
        state.keeper!.maps = state.active!.program.maps
        for session in state.sessions.left { Self.carry(session, &state) }
        state.offload.set(isActive: true, obstacle: nil)
        return .success(())
      } catch {
        deactivate(&state)
        state.offload.set(isActive: false, obstacle: error.obstacle)
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Detaches. The sockets carry the sessions on.
  public func stop() {
    state.withLock { state in
      deactivate(&state)
      state.offload.set(isActive: false, obstacle: nil)
    }
  }

  /// Brings the counters up to date, for whoever reads the metrics next.
  public func refreshCounters() {
    state.withLock { state in
      if let active = state.active {
        active.refreshCounters()
        let isInPlace = active.attachments.contains(where: \.isInPlace)
        state.offload.set(isActive: isInPlace, obstacle: isInPlace ? nil : .attachment)
      }
      state.offload.setSessions(state.sessions.carriedCount)
    }
  }

  private func activate(
    _ plan: ChainPlan, _ routing: RoutingTable, _ listening: [SocketAddress], _ state: inout State
  ) throws(KernelPathError) {
    if let refusal = plan.refusal, !plan.isForKernel { throw .chain(refusal) }
    let servers = routing.endpoints.map(\.address)
    state.sources = [:]
    let choice = try InterfaceChoice(options.interfaces, listening, servers)
    state.warnings = choice.warnings(options.mode)
    var places = state.active?.places ?? InterfacePlaces()
    try places.assign(choice.interfaces)
    // A packet that was sent by a number's old meaning must be gone before it gets a new one.
    if state.numbers.configure(servers), state.active != nil { KernelWork.awaitEnd() }
    let kernelRouting = KernelRouting(routing, plan.tables) { state.numbers[$0]! }
    let room = (state.active?.program.maps.balance.room ?? BalanceRoom()).holding(kernelRouting)
    var cells = state.cells ?? KernelCells()
    let firstCells = cells.assign(plan.tables.states)
    let image = try image(
      plan, cells: firstCells, addresses: choice.listeners, port: state.port,
      interfaces: places.entries(choice.interfaces) { mode(of: $0, state) },
      hopLifetime: options.hopLifetime, hopEpoch: places.epoch, needsFullChecksums: choice.hasUnfinishedChecksums,
      balance: room)
    if let active = state.active, active.runs(image, plan), active.hasRoom(for: kernelRouting) {
      try state.active!.update(kernelRouting)
      return
    }
    try replace(plan, image, kernelRouting, room, places, cells, choice.interfaces, &state)
    // The image says how each interface takes it: again, where one takes it otherwise than thought.
    let others = state.active!.attachments.filter { attachment in
      choice.interfaces.contains { $0.name == attachment.interface && mode(of: $0, state) != attachment.mode }
    }
    for attachment in others {
      let interface = choice.interfaces.first { $0.name == attachment.interface }!
      state.modes[interface.index] = attachment.mode
    }
    if !others.isEmpty { try activate(plan, routing, listening, &state) }
  }

  /// How an interface takes the program, as far as that is known.
  private func mode(of interface: LocalInterface, _ state: borrowing State) -> AttachMode {
    state.modes[interface.index] ?? Attachment.modes(interface, options.mode)[0]
  }

  /// Puts a new program in place of the one that runs, around its maps.
  private func replace(
    _ plan: ChainPlan, _ image: image, _ routing: KernelRouting, _ room: BalanceRoom, _ places: InterfacePlaces,
    _ cells: KernelCells, _ interfaces: [LocalInterface], _ state: inout State
  ) throws(KernelPathError) {
    try LoopbackForwarding.enable()
    var cells = cells
    var sizes = KernelMaps.Sizes(plan.tables, cells: cells.capacity)
    sizes.balance = room
    sizes.sessions = options.maxSessions
    sizes.tokens = max(1_024, 2 * routing.tokens.count)
    var anew: Set<KernelMaps.Role> = [.counting, .chain]
    if cells.needsMaps(sizes) { anew.insert(.state) }
    // No packet may go through one chain and by the routes of the other.
    if state.active?.routing != routing || state.active?.program.maps.balance.room != room { anew.insert(.routing) }
    let program = try KernelProgram(image, sizes: sizes, sharing: state.active?.program.maps, anew: anew)
    let isRouted = state.active != nil && !anew.contains(.routing)
    var next = ActiveProgram(
      program, image, plan, routing, places,
      tokenCapacity: isRouted ? state.active!.tokenCapacity : sizes.tokens, metrics, counters)
    do throws(KernelPathError) {
      try program.maps.filters.fill(plan.tables)
      try cells.move(plan.tables, to: program.maps, sizes)
      state.cells = cells
      if !isRouted { try routing.write(to: program.maps) }
      for (place, index) in places.indices.enumerated() where index != 0 {
        try program.maps.interfaces.set(UInt32(place), index)
      }
      // A program that runs already is swapped: no packet passes without one.
      for interface in interfaces {
        if let attachment = state.active?.attachments.first(where: { $0.interface == interface.name }) {
          try attachment.swap(to: program)
          next.attachments.append(attachment)
        } else {
          next.attachments.append(
            try Attachment(program, to: interface, mode: state.modes[interface.index] ?? options.mode))
        }
      }
    } catch {
      state.active?.attachments = []
      next.retire(metrics)
      throw error
    }
    state.active?.retire(metrics)
    state.active = next
    for (place, index) in places.indices.enumerated() where index == 0 {
      program.maps.interfaces.remove(UInt32(place))
    }
  }

  private func deactivate(_ state: inout State) {
    state.keeper = nil
    state.active?.retire(metrics)
    state.active = nil
    state.cells?.giveBack()
    state.cells = nil
    state.sessions.giveBack(now: MonotonicClock.now) { state.numbers.sessionEnded(with: $0.server) }
    state.offload.setSessions(0)
  }
}

// MARK: - Sessions

extension KernelPath {
  public func sessionBegan(_ session: SessionRecord) {
    state.withLock { state in
      state.sessions.add(session)
      Self.carry(session, &state)
    }
  }

  public func sessionEnded(_ session: SessionRecord) {
    state.withLock { state in
      guard let carried = state.sessions.remove(session) else { return }
      state.active?.program.maps.close(carried)
      state.numbers.sessionEnded(with: carried.server)
    }
  }

  public func lastSeen(_ session: SessionRecord) -> UInt64? {
    state.withLock { state in
      guard let carried = state.sessions.carried(session), let maps = state.active?.program.maps else {
        return state.sessions.givenBack(session)
      }
      return maps.lastSeen(carried)
    }
  }

  /// Lets the kernel carry a session on, where it can.
  private static func carry(_ session: SessionRecord, _ state: inout State) {
    // One to an endpoint that left the configuration has no number.
    guard let active = state.active, active.plan.carriesSessions, let endpoint = state.numbers[session.server],
      let source = source(toward: session.server, &state)
    else { return }
    let maps = active.program.maps
    let carried = CarriedSession(
      client: session.client, server: session.server, endpoint: endpoint,
      proxy: SocketAddress(source, port: session.sourcePort))
    do throws(KernelPathError) {
      try maps.open(carried, listener: SocketAddress(session.local, port: state.port))
    } catch {
      // A map that is full, or memory that is out: the sockets serve this session.
      return
    }
    state.sessions.carry(session, as: carried)
    state.numbers.sessionBegan(with: session.server)
  }

  /// The proxy's address toward a server; nil where packets to it do not leave this host.
  private static func source(toward server: SocketAddress, _ state: inout State) -> IPAddress? {
    let source = state.sources[server] ?? SourceAddress.toward(server)
    state.sources[server] = .some(source)
    guard let source, !source.isLoopback, source != server.ip else { return nil }
    return source
  }
}
