import CDataPath
public import DataPath
public import FilterKit
import Synchronization

/// The data path that carries established sessions on in the driver: one XDP program with the chain in its frozen image.
///
/// The socket path makes each session and tells this one of it. Whatever the program does not handle reaches the same sockets,
/// so this path may come and go at any time: while it is away, or where it cannot be, the sockets serve all.
public final class KernelPath: SessionMirror, Sendable {
  struct State {
    var active: ActiveProgram?
    /// What a process before this one left, until a program of this one has taken it over.
    var left: LeftState?
    var sessions = MirroredSessions()
    var numbers = EndpointNumbers()
    /// From which address packets to a server leave; nil inside where none does.
    var sources: [SocketAddress: IPAddress?] = [:]
    /// Where clients send to.
    var port: UInt16 = 0
    var listeners: [IPAddress] = []
    /// Whether sessions may have to leave from another address than the kernel was told.
    var hasMoved = false
    var warnings: [String] = []
    var stay = StayReport()
    var offload: OffloadState

    /// Where sessions are carried; nil where they are not.
    var sessionMaps: SessionMaps? { active?.program.maps.sessionMaps ?? left?.sessionMaps }
  }

  /// What only changes of the configuration work with.
  struct Change {
    var keeper: NeighbourKeeper?
    /// What stays when the process ends; nil where nothing does.
    var pins: Pins?
    /// The network that the configuration was brought into.
    var network: NetworkView?
    /// Where the filters' state is.
    var cells = KernelCells()
    /// How interfaces take the program, by their index, where that was found out.
    var modes: [UInt32: AttachMode] = [:]
  }

  let options: KernelPathOptions
  let metrics: Metrics
  private let counters: PathCounters
  // One change at a time. The workers wait for the state alone, which no load of a program holds up.
  private let change = Mutex(Change())
  let state: Mutex<State>

  public init(_ options: KernelPathOptions, metrics: Metrics) {
    self.options = options
    self.metrics = metrics
    counters = PathCounters(metrics)
    state = Mutex(State(offload: OffloadState(metrics)))
  }

  /// What carries packets now, for people: `eth0 (native)`. Empty where the sockets serve alone.
  public var attached: [String] {
    state.withLock { $0.active }?.attachments.filter(\.isInPlace).map(\.description) ?? []
  }

  /// What of the configuration that was applied last is likely not as it was meant, for people.
  public var warnings: [String] { state.withLock { $0.warnings } }

  /// Brings a configuration into the kernel, in place of the one before. Where it cannot be, nothing is left attached, and the
  /// error says why: the sockets serve it.
  ///
  /// - Parameter listening: the addresses that the sockets listen on. All have one port.
  public func apply(_ snapshot: Snapshot, listening: [SocketAddress]) throws(KernelPathError) {
    let plan = ChainPlan(snapshot.chain)
    let servers = snapshot.routing.endpoints.map(\.address)
    let result = change.withLock { change -> Result<Void, KernelPathError> in
      let isFirst = change.network == nil
      // Before it is looked at for good: what changes in between is noticed.
      let network = NetworkView(options, listening, servers, leavesOut: !isFirst)
      change.network = network
      do throws(KernelPathError) {
        let choice = try network.choice.get()
        state.withLock { state in
          state.hasMoved = state.listeners != choice.listeners || !network.sources.agrees(with: state.sources)
          state.listeners = choice.listeners
          state.sources = network.sources
        }
        let maps = try activate(plan, snapshot.routing, listening, choice, &change)
        if change.keeper == nil { change.keeper = try NeighbourKeeper(every: options.neighbourInterval) }
        change.keeper!.maps = maps
        return .success(())
      } catch {
        deactivate(&change, because: error.obstacle)
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Whether interfaces, addresses or the ways to servers are others than when the configuration was applied last: it is to be
  /// applied again.
  public var isOutOfDate: Bool {
    change.withLock { change in change.network.map { $0 != $0.now(options) } ?? false }
  }

  /// Ends: what is to stay is left to the next process. Otherwise it detaches, and the sockets carry the sessions on.
  public func stop() {
    change.withLock { change in
      if !leave(&change) { deactivate(&change, because: nil) }
    }
  }

  /// Detaches, whatever was to stay. The sockets carry the sessions on.
  public func detach() { change.withLock { deactivate(&$0, because: nil) } }

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

  /// - Returns: The maps in use.
  private func activate(
    _ plan: ChainPlan, _ routing: RoutingTable, _ listening: [SocketAddress], _ choice: InterfaceChoice,
    _ change: inout Change
  ) throws(KernelPathError) -> KernelMaps {
    state.withLock { $0.warnings = [] }
    if let refusal = plan.refusal, !plan.isForKernel { throw .chain(refusal) }
    let servers = routing.endpoints.map(\.address)
    let (active, left, numbers, isReused) = state.withLock { state in
      state.port = listening[0].port
      state.warnings = choice.warnings(options.mode)
      let isReused = state.numbers.configure(servers)
      return (state.active, state.left, state.numbers, isReused)
    }
    // A packet that was sent by a number's old meaning must be gone before it gets a new one.
    if isReused, active != nil { KernelWork.awaitEnd() }
    let kernelRouting = KernelRouting(routing, plan.tables) { numbers[$0]! }
    var places = active?.places ?? left?.header.places ?? InterfacePlaces()
    try places.assign(choice.interfaces)
    let room = (active?.program.maps.balance.room ?? BalanceRoom()).holding(kernelRouting)
    let firstCells = change.cells.assign(plan.tables.states)
    let image = try image(
      plan, cells: firstCells, addresses: choice.listeners, port: listening[0].port,
      interfaces: places.entries(choice.interfaces) { mode(of: $0, change) },
      hopLifetime: options.hopLifetime, hopEpoch: places.epoch, needsFullChecksums: choice.hasUnfinishedChecksums,
      balance: room)

    var next: ActiveProgram
    if let active, active.runs(image, plan), active.hasRoom(for: kernelRouting) {
      next = active
      try next.update(kernelRouting)
      begin(next)
      return next.program.maps
    }
    next = try replacement(of: active, plan, image, kernelRouting, room, places, choice.interfaces, listening, &change)
    begin(next)
    active?.retire(metrics, successor: next)
    left?.retire(successor: next.attachments)
    keep(next, left, change.pins)
    for (place, index) in places.indices.enumerated() where index == 0 {
      next.program.maps.interfaces.remove(UInt32(place))
    }
    // The image says how each interface takes the program: again, where one takes it otherwise than thought.
    var isSurprised = false
    for attachment in next.attachments {
      let interface = choice.interfaces.first { $0.name == attachment.interface }!
      guard mode(of: interface, change) != attachment.mode else { continue }
      change.modes[interface.index] = attachment.mode
      isSurprised = true
    }
    return isSurprised ? try activate(plan, routing, listening, choice, &change) : next.program.maps
  }

  /// How an interface takes the program, as far as that is known.
  private func mode(of interface: LocalInterface, _ change: borrowing Change) -> AttachMode {
    change.modes[interface.index] ?? Attachment.modes(interface, options.mode)[0]
  }

  /// A new program in place of the one that runs, around its maps.
  private func replacement(
    of active: ActiveProgram?, _ plan: ChainPlan, _ image: image, _ routing: KernelRouting, _ room: BalanceRoom,
    _ places: InterfacePlaces, _ interfaces: [LocalInterface], _ listening: [SocketAddress], _ change: inout Change
  ) throws(KernelPathError) -> ActiveProgram {
    let left = state.withLock { $0.left }
    try LoopbackForwarding.enable()
    var sizes = KernelMaps.Sizes(plan.tables, cells: change.cells.capacity, entries: change.cells.entryCapacity)
    sizes.balance = room
    sizes.sessions = options.maxSessions
    sizes.tokens = max(1_024, 2 * routing.tokens.count)
    var anew: Set<KernelMaps.Role> = [.counting, .chain]
    if change.cells.needsMaps(sizes) { anew.insert(.state) }
    // No packet may go through one chain and by the routes of the other.
    if active?.routing != routing || active?.program.maps.balance.room != room { anew.insert(.routing) }
    let program = try KernelProgram(
      image, in: plan.program, sizes: sizes, sharing: active?.program.maps.shared ?? left?.maps, anew: anew)
    let isRouted = active != nil && !anew.contains(.routing)
    var next = ActiveProgram(
      program, image, plan, routing, places, tokenCapacity: isRouted ? active!.tokenCapacity : sizes.tokens, metrics,
      counters)
    do throws(KernelPathError) {
      try program.maps.filters.fill(plan.tables)
      try change.cells.move(plan.tables, to: program.maps, sizes)
      if !isRouted { try routing.write(to: program.maps) }
      for (place, index) in places.indices.enumerated() where index != 0 {
        try program.maps.interfaces.set(UInt32(place), index)
      }
      change.pins = pins(change.pins, program.maps.shared, left, places, listening)
      let attachments = active?.attachments ?? left?.attachments(options.mode, interfaces) ?? []
      // A program that runs already is swapped: no packet passes without one.
      for interface in interfaces {
        if let attachment = attachments.first(where: { $0.index == interface.index }) {
          try attachment.swap(to: program)
          next.attachments.append(attachment)
        } else {
          next.attachments.append(
            try Attachment(program, to: interface, mode: change.modes[interface.index] ?? options.mode))
        }
      }
    } catch {
      next.retire(metrics)
      throw error
    }
    return next
  }

  private func begin(_ next: ActiveProgram) {
    state.withLock { state in
      state.active = next
      state.left = nil
      if state.hasMoved { Self.giveBackMoved(next, &state) }
      for session in state.sessions.left { Self.carry(session, &state) }
      state.offload.set(isActive: true, obstacle: nil)
    }
  }

  private func deactivate(_ change: inout Change, because obstacle: KernelPathError.Obstacle?) {
    change.keeper = nil
    let (active, left) = state.withLock { state in
      defer { (state.active, state.left) = (nil, nil) }
      state.sessions.giveBack(now: SystemClock.monotonic) { state.numbers.sessionEnded(with: $0.server) }
      state.offload.setSessions(0)
      state.offload.set(isActive: false, obstacle: obstacle)
      return (state.active, state.left)
    }
    active?.retire(metrics)
    left?.remove()
    change.pins?.remove()
    change.pins = nil
    change.cells.giveBack()
    change.cells = KernelCells()
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
      state.sessionMaps?.close(carried)
      state.numbers.sessionEnded(with: carried.server)
    }
  }

  public func lastSeen(_ session: SessionRecord) -> UInt64? {
    state.withLock { state in
      guard let carried = state.sessions.carried(session), let maps = state.sessionMaps else {
        return state.sessions.givenBack(session)
      }
      return maps.lastSeen(carried)
    }
  }

  /// Lets the kernel carry a session on, where it can.
  private static func carry(_ session: SessionRecord, _ state: inout State) {
    // One to an endpoint that left the configuration has no number.
    guard let active = state.active, active.plan.carriesSessions, let endpoint = state.numbers[session.server],
      state.listeners.contains(session.local), let source = source(toward: session.server, &state)
    else { return }
    let maps = active.program.maps.sessionMaps
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

  /// Takes the sessions out of the kernel whose packets would leave from an address that is not right any more.
  private static func giveBackMoved(_ active: ActiveProgram, _ state: inout State) {
    for (record, carried) in state.sessions.inKernel where !isRight(record, carried, &state) {
      active.program.maps.sessionMaps.close(carried)
      state.sessions.giveBack(record, now: SystemClock.monotonic)
      state.numbers.sessionEnded(with: carried.server)
    }
    state.hasMoved = false
  }

  /// Whether a session's packets still leave from the addresses that the kernel was told.
  private static func isRight(_ record: SessionRecord, _ carried: CarriedSession, _ state: inout State) -> Bool {
    state.listeners.contains(record.local) && source(toward: carried.server, &state) == carried.proxy.ip
  }

  /// The proxy's address toward a server; nil where packets to it do not leave this host.
  private static func source(toward server: SocketAddress, _ state: inout State) -> IPAddress? {
    let source = state.sources[server] ?? SourceAddress.toward(server)
    state.sources[server] = .some(source)
    guard let source, !source.isLoopback, source != server.ip else { return nil }
    return source
  }
}
