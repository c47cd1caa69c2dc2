public import FilterKit
import KernelPath
public import Logging
import NIOPosix
public import ProxyConfiguration
import SocketPath
import Synchronization

/// A running proxy: its configuration, the sockets that packets go through, the admin pages, and its end.
public final class ProxyServer: Sendable {
  private enum Phase { case starting, serving, draining }

  private struct State: Sendable {
    var phase = Phase.starting
    var applied: AppliedConfiguration
    var decision: PathDecision
    var wasAskedToEnd = false
  }

  /// Held while a configuration is brought to both paths: one at a time.
  private struct Changes: Sendable {
    /// What the file said when it was last looked at.
    var contents: Result<[UInt8], ConfigurationError>
    /// Why that is not what is applied, where it is not.
    var refusal: Refusal?
    var hasEnded = false
  }

  private enum Refusal { case text, names }

  private let options: ProxyServerOptions
  private let registry: FilterRegistry
  private let metrics: Metrics
  private let logger: Logger
  private let process: ProcessMetrics
  private let sockets: SocketPath
  private let kernel: KernelPath?
  private let state: Mutex<State>
  private let names: EndpointNames
  private let filterStates = FilterStates()
  private let changes: Mutex<Changes>
  private let drainOrder = Signal()
  private let stopOrder = Signal()
  private let readings = ReadingQueue()
  private let watch = Mutex<ConfigurationWatch?>(nil)

  /// Loads the configuration, looks up its endpoints' names, and opens the sockets. It may wait for the network's answers.
  public init(
    _ options: ProxyServerOptions, registry: FilterRegistry, metrics: Metrics = Metrics(), logger: Logger
  ) throws(ProxyServerError) {
    self.options = options
    self.registry = registry
    self.metrics = metrics
    self.logger = logger
    process = ProcessMetrics(metrics, version: proxyVersion)
    names = EndpointNames(metrics, logger: logger, find: options.findAddresses)
    let (file, states) = (options.configurationFile, filterStates)
    let contents: [UInt8]
    let configuration: Configuration
    do throws(ConfigurationError) {
      contents = try ConfigurationFile.contents(of: file)
      configuration = try ConfigurationFile.read(
        contents, file: file, registry: registry, metrics: metrics, states: states, log: { logger.info("\($0)") })
    } catch { throw .configuration(error) }
    let applied: AppliedConfiguration
    do throws(EndpointLookupError) {
      applied = try AppliedConfiguration(configuration, file: file, names: names)
    } catch { throw .endpoints(error) }
    changes = Mutex(Changes(contents: .success(contents)))
    kernel = options.kernel.map { kernel in
      KernelLog.send(
        to: { level, line in logger.log(level: level == .debug ? .debug : .warning, "\(line)") },
        isVerbose: logger.logLevel <= .debug)
      var path = kernel.path
      path.maxSessions = options.sockets.maxSessions
      path.idleTimeout = options.sockets.idleTimeout
      return KernelPath(path, metrics: metrics)
    }
    do throws(SocketPathError) {
      sockets = try SocketPath(options.sockets, snapshot: applied.snapshot, metrics: metrics, mirror: kernel)
    } catch { throw .sockets(error) }
    process.setSockets(metrics, listening: sockets.listening, workers: options.sockets.workers)
    let decision = PathDecision(kernel, applied.snapshot, listening: sockets.listening)
    if options.kernel?.requiresOffload == true, let error = decision.obstacle ?? kernel?.stay.problem {
      kernel?.detach()
      throw .kernel(error)
    }
    state = Mutex(State(applied: applied, decision: decision))
  }

  /// Serves until `end` was called and all is over.
  public func run() async throws(ProxyServerError) {
    announce()
    defer {
      changes.withLock { $0.hasEnded = true }
      kernel?.stop()
      sockets.stop()
    }
    guard let address = options.admin else { return try await serve().get() }
    let server = AdminServer(address, pages: pages, logger: logger)
    let result: Result<Void, ProxyServerError>
    do throws(AdminServerError) {
      result = try await server.serve { address in
        self.logger.info("admin pages on http://\(address)")
        return await self.serve()
      }
    } catch { throw .admin(error) }
    try result.get()
  }

  /// Begins the end: no new session from now on; those that are get served until they are idle or the drain's time is over.
  /// Called again, it ends at once.
  public func end() {
    let isFirst = state.withLock { state in
      defer { state.wasAskedToEnd = true }
      return !state.wasAskedToEnd
    }
    (isFirst ? drainOrder : stopOrder).send()
  }

  /// Asks for the configuration file to be read again, and for its names to be looked up again. Several requests at once are one.
  public func requestReload() {
    let isWatched = watch.withLock { watch in
      watch?.requestReading()
      return watch != nil
    }
    if !isWatched { readings.put(ConfigurationWatch.Reading(of: options.configurationFile, wasAsked: true)) }
  }
}

// MARK: - Configuration

extension ProxyServer {
  /// Reads a configuration from text, for `apply`. Its filters go on with the state of those that serve now, where their labels and
  /// parameters are the same.
  ///
  /// - Parameter file: what errors call the text.
  public func configuration(from bytes: [UInt8], file: String) throws(ConfigurationError) -> Configuration {
    try ConfigurationFile.read(
      bytes, file: file, registry: registry, metrics: metrics, states: filterStates,
      log: { [logger] in logger.info("\($0)") })
  }

  /// Serves by another configuration from now on: when this returns, no packet goes by the one before. It blocks until then, and
  /// while names of endpoints are looked up that have no address yet. Where one of these leads nowhere all stays as it was.
  ///
  /// - Parameter source: what errors, logs and `/config` call the configuration's origin; nil for the file.
  public func apply(_ configuration: Configuration, from source: String? = nil) throws(EndpointLookupError) {
    let start = ContinuousClock.now
    let applied: AppliedConfiguration
    do throws(EndpointLookupError) {
      applied = try AppliedConfiguration(configuration, file: source ?? options.configurationFile, names: names)
    } catch {
      process.countRefusedReload()
      throw error
    }
    guard change(to: applied) else { return }
    process.countReload(taking: .now - start)
    warn(about: applied)
    logger.info("reloaded \(applied.summary)")
  }

  /// Brings a configuration to both paths. False where the end has come before.
  ///
  /// Each packet is served by one path, with what that path has then: a packet that the kernel leaves to the sockets is as it came, and
  /// runs through their whole chain. The sockets come first, and all of them: what the kernel's new program leaves to them, such as the
  /// first packet to a new endpoint, never meets what was before.
  @discardableResult private func change(to applied: AppliedConfiguration) -> Bool {
    changes.withLock { changes in
      guard !changes.hasEnded else { return false }
      if !sockets.apply(applied.snapshot) {
        logger.warning("a worker is busy: it takes the configuration up before its next packets")
      }
      state.withLock { $0.applied = applied }
      decide(applied)
      return true
    }
  }

  /// Brings a configuration into the kernel, and says so where the path changes.
  private func decide(_ applied: AppliedConfiguration) {
    let decision = PathDecision(kernel, applied.snapshot, listening: sockets.listening)
    let before = state.withLock { state in
      defer { state.decision = decision }
      return state.decision
    }
    if decision != before { announce(decision) }
  }

  /// Judges what the file says: applies it whole, or not at all. Nothing is done where it says nothing new.
  private func judge(_ reading: ConfigurationWatch.Reading) {
    let (refusal, isNew) = changes.withLock { changes in
      defer { changes.contents = reading.contents }
      return (changes.refusal, changes.contents != reading.contents)
    }
    let file = options.configurationFile
    // Last: somebody may be slow to answer.
    defer { if reading.wasAsked { followNames() } }
    let isApplied = state.withLock { $0.applied.file } == file
    guard isNew || reading.wasAsked && (refusal == .names || !isApplied) else {
      guard reading.wasAsked else { return }
      return logger.info("\(file) has not changed\(refusal == nil ? "" : " since it was refused")")
    }
    do throws(ProxyServerError) {
      try load(reading.contents)
      changes.withLock { $0.refusal = nil }
    } catch {
      changes.withLock { $0.refusal = if case .endpoints = error { .names } else { .text } }
      for line in error.lines { logger.error("\(line)") }
      logger.error("the configuration stays as it was: the new one is refused")
    }
  }

  private func load(_ contents: Result<[UInt8], ConfigurationError>) throws(ProxyServerError) {
    let file = options.configurationFile
    let configuration: Configuration
    do throws(ConfigurationError) {
      configuration = try self.configuration(from: try contents.get(), file: file)
    } catch {
      process.countRefusedReload()
      throw .configuration(error)
    }
    let applied = state.withLock { $0.applied }
    if applied.file == file, configuration.means(applied.configuration) {
      return logger.info("\(file) says what is applied already")
    }
    do throws(EndpointLookupError) { try apply(configuration) } catch { throw .endpoints(error) }
  }

  /// Looks the endpoints' names up again; where one has moved, so do its packets.
  private func followNames() {
    let before = state.withLock { $0.applied }
    names.refresh(before.configuration.endpoints)
    let after: AppliedConfiguration
    do throws(EndpointLookupError) {
      after = try AppliedConfiguration(before.configuration, file: before.file, names: names)
    } catch {
      // Another configuration was applied meanwhile.
      return
    }
    guard after.addresses != before.addresses else { return }
    changes.withLock { changes in
      guard !changes.hasEnded, state.withLock({ $0.applied.routing === before.routing }) else { return }
      sockets.apply(after.snapshot)
      state.withLock { $0.applied = after }
      decide(after)
      logger.info("packets go to the new addresses")
    }
  }

  /// Reads the file when it changes, until the task is cancelled.
  private func followFile() async {
    while let reading = await readings.next() {
      try? await NIOThreadPool.singleton.runIfActive { self.judge(reading) }
    }
  }

  private func keepNamesFresh() async {
    while true {
      do { try await Task.sleep(for: options.lookupInterval) } catch { return }
      try? await NIOThreadPool.singleton.runIfActive { self.followNames() }
    }
  }

  /// Applies to the kernel what is applied already, where the network is another one by now.
  private func followNetwork() {
    guard let kernel, kernel.isOutOfDate else { return }
    changes.withLock { changes in
      guard !changes.hasEnded else { return }
      logger.info("interfaces, addresses or routes have changed")
      decide(state.withLock { $0.applied })
    }
  }

  private func networkEvents() -> NetworkEvents? {
    guard kernel != nil else { return nil }
    do throws(KernelPathError) { return try NetworkEvents { [weak self] in self?.followNetwork() } } catch {
      logger.warning("changes of interfaces, addresses and routes are not followed: \(error)")
      return nil
    }
  }

  private func startWatch() {
    do throws(ConfigurationWatchError) {
      let new = try ConfigurationWatch(options.configurationFile) { [readings] in readings.put($0) }
      watch.withLock { $0 = new }
    } catch {
      logger.warning(
        "\(options.configurationFile) is not watched, because of \(error): after a change of it send SIGHUP")
    }
  }

  private func warn(about applied: AppliedConfiguration) {
    for line in applied.configuration.warnings.lines(in: applied.file) + applied.warnings { logger.warning("\(line)") }
  }
}

// MARK: - Life

extension ProxyServer {
  private func announce() {
    let applied = state.withLock { $0.applied }
    warn(about: applied)
    logger.info("loaded \(applied.summary)")
    for warning in sockets.warnings { logger.warning("\(warning)") }
    let addresses = sockets.listening.map(\.description).joined(separator: " and ")
    logger.info("listening on \(addresses) with \(count(options.sockets.workers, "worker"))")
    announce(state.withLock { $0.decision })
    announceStay()
  }

  /// What a process before this one left, and whether this one leaves something.
  private func announceStay() {
    guard let kernel else {
      for remains in Remains.find(sockets.listening[0]) {
        logger.warning(
          "the kernel carries on what a 'proxy ebpf --stay' has left; 'proxy detach' ends that (\(remains.path))")
      }
      return
    }
    let report = kernel.stay
    for note in report.notes { logger.info("\(note)") }
    if let problem = report.problem { logger.warning("nothing stays when this process ends, because \(problem)") }
  }

  private func announce(_ decision: PathDecision) {
    logger.info("\(decision)")
    for warning in decision.warnings { logger.warning("\(warning)") }
  }

  private func serve() async -> Result<Void, ProxyServerError> {
    do throws(SocketPathError) { try sockets.start() } catch { return .failure(.sockets(error)) }
    state.withLock { $0.phase = .serving }
    // Not a child task: a look-up that hangs must not hold up the end.
    let reloads = Task { await followFile() }
    let lookups = Task { await keepNamesFresh() }
    startWatch()
    let network = networkEvents()
    defer {
      withExtendedLifetime(network) {}
      watch.withLock { $0 = nil }
      reloads.cancel()
      lookups.cancel()
    }
    _ = await drainOrder.received()
    await drain()
    return .success(())
  }

  private func drain() async {
    state.withLock { $0.phase = .draining }
    let sessionsEnd = Signal()
    sockets.beginDrain { sessionsEnd.send() }
    let sessions = sockets.activeSessions
    if let kernel, kernel.isToStay {
      let staying = kernel.carriedSessions
      let rest = max(0, sessions - staying)
      let ended = rest == 0 ? "" : "; \(count(rest, "session")) of the sockets ended early"
      logger.info(
        "stopped; \(count(staying, "session")) left to the kernel until the next 'proxy ebpf', or 'proxy detach'\(ended)"
      )
      return
    }
    if sessions > 0 {
      let time = DurationText.text(of: options.drainTimeout)
      logger.info("draining: no new session, \(count(sessions, "session")) served until idle, or for \(time)")
    }
    await withTaskGroup { group in
      group.addTask { _ = await sessionsEnd.received() }
      group.addTask { try? await Task.sleep(for: self.options.drainTimeout) }
      group.addTask { _ = await self.stopOrder.received() }
      await group.next()
      group.cancelAll()
    }
    let rest = sockets.activeSessions
    logger.info(rest == 0 ? "stopped" : "stopped; \(count(rest, "session")) ended early")
  }

  private var servingReadiness: AdminPages.Readiness {
    let decision = state.withLock { $0.decision }.refreshed(kernel)
    if decision.violates(options.kernel) { return .notReady(reason: "the kernel path is required; \(decision)") }
    return .ready(detail: kernel == nil ? nil : "\(decision)")
  }

  private var pages: AdminPages {
    AdminPages(
      metrics: { [metrics, kernel] in
        kernel?.refreshCounters()
        return PrometheusText().text(of: metrics)
      },
      readiness: {
        switch self.state.withLock({ $0.phase }) {
        case .starting: .notReady(reason: "starting")
        case .serving: self.servingReadiness
        case .draining: .notReady(reason: "draining, no new session is made")
        }
      },
      configuration: { showsTokens in
        ConfigurationText(showsTokens: showsTokens).text(of: self.state.withLock { $0.applied })
      })
  }
}
