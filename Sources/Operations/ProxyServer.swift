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

  private let options: ProxyServerOptions
  private let registry: FilterRegistry
  private let metrics: Metrics
  private let logger: Logger
  private let process: ProcessMetrics
  private let sockets: SocketPath
  private let kernel: KernelPath?
  private let state: Mutex<State>
  private let drainOrder = Signal()
  private let stopOrder = Signal()
  private let reloadOrder = Signal()

  /// Loads the configuration, looks up its endpoints' names, and opens the sockets. It may wait for the network's answers.
  public init(
    _ options: ProxyServerOptions, registry: FilterRegistry, metrics: Metrics = Metrics(), logger: Logger
  ) throws(ProxyServerError) {
    self.options = options
    self.registry = registry
    self.metrics = metrics
    self.logger = logger
    process = ProcessMetrics(metrics, version: proxyVersion)
    let applied = try Self.load(options.configurationFile, registry, metrics, logger)
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

  /// Asks for the configuration file to be read again. Several requests at once are one.
  public func requestReload() { reloadOrder.send() }
}

// MARK: - Configuration

extension ProxyServer {
  /// Gives the workers a new configuration. Blocks while the names of its endpoints are looked up. Where one leads nowhere
  /// all stays as it was.
  public func apply(_ configuration: Configuration) throws(EndpointLookupError) {
    apply(try AppliedConfiguration(configuration, file: options.configurationFile))
  }

  private func apply(_ applied: AppliedConfiguration) {
    sockets.apply(applied.snapshot)
    let decision = PathDecision(kernel, applied.snapshot, listening: sockets.listening)
    let before = state.withLock { state in
      defer { (state.applied, state.decision) = (applied, decision) }
      return state.decision
    }
    if decision != before { announce(decision) }
  }

  private static func load(
    _ file: String, _ registry: FilterRegistry, _ metrics: Metrics, _ logger: Logger
  ) throws(ProxyServerError) -> AppliedConfiguration {
    let configuration: Configuration
    do throws(ConfigurationError) {
      configuration = try ConfigurationFile.load(
        file, registry: registry, metrics: metrics, log: { logger.info("\($0)") })
    } catch { throw .configuration(error) }
    do throws(EndpointLookupError) {
      return try AppliedConfiguration(configuration, file: file)
    } catch { throw .endpoints(error) }
  }

  /// Reads the file again; applies it whole, or not at all.
  private func reload() async {
    let (file, registry, metrics, logger) = (options.configurationFile, registry, metrics, logger)
    let result = try? await NIOThreadPool.singleton.runIfActive {
      () -> Result<AppliedConfiguration, ProxyServerError> in
      do throws(ProxyServerError) { return .success(try Self.load(file, registry, metrics, logger)) } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let applied):
      apply(applied)
      process.countReload(isGood: true)
      warn(about: applied)
      logger.info("reloaded \(applied.summary)")
    case .failure(let error):
      process.countReload(isGood: false)
      for line in error.lines { logger.error("\(line)") }
      logger.error("the configuration stays as it was: the new one is refused")
    case nil:
      // The process is ending.
      break
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
    let reloads = Task { while await reloadOrder.received() { await reload() } }
    defer { reloads.cancel() }
    _ = await drainOrder.received()
    await drain()
    return .success(())
  }

  private func drain() async {
    state.withLock { $0.phase = .draining }
    sockets.beginDrain()
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
      group.addTask { await self.sessionsEnd() }
      group.addTask { _ = await self.stopOrder.received() }
      await group.next()
      group.cancelAll()
    }
    let rest = sockets.activeSessions
    logger.info(rest == 0 ? "stopped" : "stopped; \(count(rest, "session")) ended early")
  }

  private func sessionsEnd() async {
    let deadline = ContinuousClock.now + options.drainTimeout
    while sockets.activeSessions > 0, ContinuousClock.now < deadline, !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(20))
    }
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
