import TestNetwork
import Testing

/// What the command says, word for word, where it is called wrongly.
@Suite struct MisuseTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let arguments: [String]
    var environment: [String: String] = [:]
    let message: String

    var testDescription: String {
      (environment.map { "\($0)=\($1)" } + ["proxy"] + arguments).joined(separator: " ")
    }

    init(_ arguments: [String], environment: [String: String] = [:], _ message: String) {
      self.arguments = arguments
      self.environment = environment
      self.message = message
    }
  }

  private static let runUsage = """
    Usage: proxy [run] [--config <file>] [<options>]
      See 'proxy run --help' for more information.

    """
  private static let checkUsage = """
    Usage: proxy check [--config <file>]
      See 'proxy check --help' for more information.

    """
  private static let seeRun = "  See 'proxy run --help' for more information.\n"
  private static let listenHelp =
    "Help:  --listen <address:port>  The address that clients send to. [::] stands for IPv4 and IPv6. (default: [::]:7777)\n"

  static let cases = [
    Case(
      ["--lisen", "x"], "Error: Unknown option '--lisen'. Did you mean '--listen'?\n\(runUsage)"),
    Case(["run", "extra"], "Error: Unexpected argument 'extra'\n\(runUsage)"),
    Case(["check", "extra"], "Error: Unexpected argument 'extra'\n\(checkUsage)"),
    Case(["check", "--listen", "[::]:1"], "Error: Unknown option '--listen'\n\(checkUsage)"),
    Case(
      ["chek"], "Error: Unknown command 'chek' (did you mean 'check'?)\n  See 'proxy --help' for more information.\n"),
    Case(["proxy.yaml"], "Error: Unknown command 'proxy.yaml'\n  See 'proxy --help' for more information.\n"),
    Case(
      ["--listen"], "Error: Missing value for '--listen <address:port>'\n\(listenHelp)\(runUsage)"),
    Case(
      ["--listen", "7777"],
      "Error: The value '7777' is invalid for '--listen <address:port>': it has no port: write 'host:port'\n"
        + "\(listenHelp)\(runUsage)"),
    Case(
      ["--listen", "localhost:7777"],
      "Error: The value 'localhost:7777' is invalid for '--listen <address:port>': it is not an IP address: "
        + "IPv4 has four numbers with dots between them\n\(listenHelp)\(runUsage)"),
    Case(
      ["--listen", "127.0.0.1:65536"],
      "Error: The value '127.0.0.1:65536' is invalid for '--listen <address:port>': it must end with a port from 1 to 65535, "
        + "found '65536'\n\(listenHelp)\(runUsage)"),
    Case(
      ["--workers", "0"],
      "Error: The value '0' is invalid for '--workers <number>': expected a whole number from 1 to 1024\n"
        + "Help:  --workers <number>  Threads that forward packets. (default: one a core)\n\(runUsage)"),
    Case(
      ["--idle-timeout", "5"],
      "Error: The value '5' is invalid for '--idle-timeout <duration>': expected a number with its unit, such as 250ms, "
        + "5s or 2m\nHelp:  --idle-timeout <duration>  A session ends after this long without a packet in either direction. "
        + "(default: 60s)\n\(runUsage)"),
    Case(
      ["--idle-timeout", "0s"],
      "Error: The value '0s' is invalid for '--idle-timeout <duration>': it must be longer than nothing\n"
        + "Help:  --idle-timeout <duration>  A session ends after this long without a packet in either direction. "
        + "(default: 60s)\n\(runUsage)"),
    Case(
      ["--log-level", "infos"],
      "Error: The value 'infos' is invalid for '--log-level <level>': expected trace, debug, info, notice, warning, error, "
        + "critical (did you mean 'info'?)\nHelp:  --log-level <level>  The least that is logged: trace, debug, info, "
        + "notice, warning, error, critical. (default: info)\n\(runUsage)"),
    Case(
      ["--log-format", "xml"],
      "Error: The value 'xml' is invalid for '--log-format <format>': expected auto, text, json\n"
        + "Help:  --log-format <format>  How log lines look: text, json, or auto for text on a terminal and JSON otherwise. "
        + "(default: auto)\n\(runUsage)"),
    Case(
      ["--admin", "127.0.0.1:1", "--no-admin"],
      "Error: --admin and --no-admin exclude each other; give one of them\n\(runUsage)"),
    Case(
      [], environment: ["PROXY_LISTEN": "7777"],
      "Error: The value '7777' is invalid for 'PROXY_LISTEN': it has no port: write 'host:port'\n\(seeRun)"),
    Case(
      [], environment: ["PROXY_MAX_SESSIONS": "many"],
      "Error: The value 'many' is invalid for 'PROXY_MAX_SESSIONS': expected a whole number from 1 to 100000000\n\(seeRun)"
    ),
    Case(
      [], environment: ["PROXY_DRAIN_TIMEOUT": "1d"],
      "Error: The value '1d' is invalid for 'PROXY_DRAIN_TIMEOUT': expected a number with its unit, such as 250ms, 5s or "
        + "2m\n\(seeRun)"),
    Case(
      [], environment: ["PROXY_NO_ADMIN": "maybe"],
      "Error: The value 'maybe' is invalid for 'PROXY_NO_ADMIN': expected 'true' or 'false'\n\(seeRun)"),
    Case(
      [], environment: ["PROXY_NO_ADMIN": "true", "PROXY_ADMIN": "127.0.0.1:1"],
      "Error: PROXY_ADMIN and PROXY_NO_ADMIN exclude each other; set one of them\n\(seeRun)"),
    Case(
      [],
      "Error: There is no configuration: neither proxy.yaml nor /etc/pinion/proxy.yaml exists. Name one with --config "
        + "<file>.\n\(seeRun)"),
  ]

  @Test("Wrong use is told exactly, and ends with 2", arguments: cases)
  func misuse(misuse: Case) throws {
    let process = try ChildProcess.proxy(misuse.arguments, environment: misuse.environment)
    #expect(try process.awaitExit() == .exited(2))
    #expect(process.output == misuse.message)
  }
}
