import ArgumentParser
import Glibc
import Logging
import Operations
import UnixSignals

/// `proxy run`: serves on the socket path.
struct RunCommand: ProxySubcommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Forward datagrams until stopped.",
    usage: "proxy [run] [--config <file>] [<options>]",
    discussion: """
      Clients send to the listening address. Their datagrams go through the filters of the configuration to its endpoints; \
      the answers go back the same way, from the address that the client sent to.

      EXAMPLES:
        proxy --config edge.yaml
        proxy --listen '[::]:26000' --workers 4 --idle-timeout 2m
        PROXY_CONFIG=/etc/edge.yaml PROXY_LOG_FORMAT=json proxy

      CONFIGURATION:
        version: v1alpha1
        filters:
          - name: Capture               # the last 4 bytes are a token
            config: {suffix: {size: 4, remove: true}}
          - name: TokenRouter           # send to the endpoints that have it
        clusters:
          - endpoints:
              - address: 10.0.0.7:26000
                metadata: {quilkin.dev: {tokens: [YWJjZA==]}}

      ENVIRONMENT:
        Every option is also read from a variable: PROXY_ and its name in
        capitals, with _ for -, as in PROXY_IDLE_TIMEOUT=2m or
        PROXY_NO_ADMIN=true. The command line wins. An empty variable counts
        as none.

      DURATIONS:
        A whole number with its unit: 250ms, 5s, 2m, 1h.

      SIGNALS:
        SIGTERM, SIGINT  No new session from now on. Those that are go on
                         until they are idle, or --drain-timeout is
                         over. A second signal ends the process at once.
        SIGHUP           Read the configuration file again, as is done
                         whenever it changes. It is applied whole, or
                         not at all.

      \(ManualParts.exitCodes)
      """)

  @OptionGroup var config: ConfigOption
  @OptionGroup var options: RunOptions

  func run(with runner: CommandRunner) async throws(UsageError) -> ExitStatus {
    try await Self.serve(try options.serverOptions(runner.environment), config, options, runner)
  }

  /// Sets the log up and serves until stopped.
  static func serve(
    _ server: ProxyServerOptions, _ config: ConfigOption, _ options: RunOptions, _ runner: CommandRunner
  ) async throws(UsageError) -> ExitStatus {
    let environment = runner.environment
    let level = try Settings.logLevel.value(options.logLevel, environment) ?? .info
    let format = try Settings.logFormat.value(options.logFormat, environment) ?? .auto
    var server = server
    server.configurationFile = try config.path(environment)
    LoggingSystem.bootstrap { _ in format.handler(level: level) }
    let logger = Logger(label: "proxy")
    for warning in environment.misspelt(Settings.variables + Settings.topVariables) { logger.warning("\(warning)") }
    return await serve(server, runner, logger)
  }

  private static func serve(_ options: ProxyServerOptions, _ runner: CommandRunner, _ logger: Logger) async
    -> ExitStatus
  {
    do throws(ProxyServerError) {
      // Until the sockets are open, a signal ends the process as signals do.
      let server = try ProxyServer(options, registry: runner.filters, logger: logger)
      let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
      let watch = Task {
        for await signal in signals {
          switch signal {
          case .sighup: server.requestReload()
          default: server.end()
          }
        }
      }
      defer { watch.cancel() }
      try await server.run()
      return .stoppedAsAsked
    } catch {
      for line in error.lines { logger.error("\(line)") }
      logger.error("not started")
      return ExitStatus(error)
    }
  }
}

extension ExitStatus {
  fileprivate init(_ error: ProxyServerError) {
    switch error {
    case .configuration, .endpoints: self = .badConfiguration
    case .sockets, .admin, .kernel: self = .cannotListen
    }
  }
}
