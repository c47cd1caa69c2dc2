import ArgumentParser
import FilterKit
import Logging
import Operations
import SocketPath

/// The options of the paths that packets take, of the admin pages and of the log.
struct RunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The address that clients send to. [::] stands for IPv4 and IPv6. (default: [::]:7777)", valueName: "address:port"
    ),
    transform: Settings.listen.read)
  var listen: SocketAddress?

  @Option(
    help: ArgumentHelp("Threads that forward packets. (default: one a core)", valueName: "number"),
    transform: Settings.workers.read)
  var workers: Int?

  @Option(
    help: ArgumentHelp(
      "A session ends after this long without a packet in either direction. (default: 60s)", valueName: "duration"),
    transform: Settings.idleTimeout.read)
  var idleTimeout: Duration?

  @Option(
    help: ArgumentHelp(
      "Above this many sessions no new one is made; those that are go on. (default: 1000000)", valueName: "number"),
    transform: Settings.maxSessions.read)
  var maxSessions: Int?

  @Option(
    help: ArgumentHelp(
      "How long sessions are served on after SIGTERM or SIGINT. (default: 30s)", valueName: "duration"),
    transform: Settings.drainTimeout.read)
  var drainTimeout: Duration?

  @Option(
    help: ArgumentHelp(
      "The address of the admin pages: /metrics, /live, /ready, /config. (default: 127.0.0.1:8000)",
      valueName: "address:port"),
    transform: Settings.admin.read)
  var admin: SocketAddress?

  @Flag(help: "No admin pages.")
  var noAdmin = false

  @Option(
    help: ArgumentHelp(
      "The least that is logged: trace, debug, info, notice, warning, error, critical. (default: info)",
      valueName: "level"),
    transform: Settings.logLevel.read)
  var logLevel: Logger.Level?

  @Option(
    help: ArgumentHelp(
      "How log lines look: text, json, or auto for text on a terminal and JSON otherwise. (default: auto)",
      valueName: "format"),
    transform: Settings.logFormat.read)
  var logFormat: LogFormat?

  func validate() throws {
    if admin != nil, noAdmin { throw ValidationError("--admin and --no-admin exclude each other; give one of them") }
  }

  /// What the command line and the environment say.
  func serverOptions(_ environment: Environment) throws(UsageError) -> ProxyServerOptions {
    var options = ProxyServerOptions()
    if let listen = try Settings.listen.value(listen, environment) { options.sockets.listen = listen }
    if let workers = try Settings.workers.value(workers, environment) { options.sockets.workers = workers }
    if let timeout = try Settings.idleTimeout.value(idleTimeout, environment) { options.sockets.idleTimeout = timeout }
    if let sessions = try Settings.maxSessions.value(maxSessions, environment) {
      options.sockets.maxSessions = sessions
    }
    if let timeout = try Settings.drainTimeout.value(drainTimeout, environment) { options.drainTimeout = timeout }
    options.admin = try adminAddress(environment)
    return options
  }

  private func adminAddress(_ environment: Environment) throws(UsageError) -> SocketAddress? {
    if noAdmin { return nil }
    if let admin { return admin }
    let address = try Settings.admin.value(nil, environment)
    guard try Settings.noAdmin.value(nil, environment) == true else {
      return address ?? ProxyServerOptions.defaultAdmin
    }
    guard address == nil else {
      throw UsageError("PROXY_ADMIN and PROXY_NO_ADMIN exclude each other; set one of them", help: "proxy run --help")
    }
    return nil
  }
}
