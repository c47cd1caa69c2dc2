import AdminRequests
import ArgumentParser
import FilterKit
import Operations
import UnixSignals

/// `proxy top`: what a running proxy does, live.
struct TopCommand: ProxySubcommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Show what a running proxy does, live.",
    usage: "proxy top [--admin <address:port>] [<options>]",
    discussion: """
      Asks the proxy's admin pages again and again, and shows what happened a second between two readings: datagrams and bits \
      by direction and path, drops by filter and reason, and what the kernel's program handed over to the sockets. On a \
      terminal it redraws in place until Ctrl-C; elsewhere, and with --count, it prints one block a reading. While no proxy \
      answers it says so, and goes on.

      The exit code is 0, or 3 where --count is over and no proxy has answered.

      EXAMPLES:
        proxy top
        proxy top --interval 10s > top.log
        proxy top --count 2 --admin 10.0.0.7:8000
      """)

  @OptionGroup var admin: AdminOption

  @Option(
    help: ArgumentHelp("The time from one reading to the next, at least 100ms. (default: 1s)", valueName: "duration"),
    transform: Settings.interval.read)
  var interval: Duration?

  @Option(
    help: ArgumentHelp(
      "End after this many readings; the first has no rates yet. (default: go on)", valueName: "number"),
    transform: Settings.count.read)
  var count: Int?

  private static let help = "proxy top --help"

  func run(with runner: CommandRunner) async throws(UsageError) -> ExitStatus {
    let environment = runner.environment
    let address = try admin.address(environment, help: Self.help)
    let interval = try Settings.interval.value(interval, environment, help: Self.help) ?? .seconds(1)
    let limit = try Settings.count.value(count, environment, help: Self.help)
    // What is to end by itself is to be seen afterwards.
    let isInPlace = StandardStream.output.isTerminal && environment["TERM"] != "dumb" && limit == nil
    let display = TopDisplay(.output, isInPlace: isInPlace)

    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sigquit)
    display.begin()
    defer { display.end() }
    let readings = Task { await Self.show(address, on: display, every: interval, limit: limit) }
    let end = Task {
      for await _ in signals { readings.cancel() }
    }
    defer { end.cancel() }
    return await readings.value
  }

  /// Shows readings until the task is cancelled, nobody is left to see them, or there were as many as asked for.
  private static func show(
    _ address: SocketAddress, on display: TopDisplay, every interval: Duration, limit: Int?
  ) async -> ExitStatus {
    let reader = ProxyReader(address)
    var before: ProxyReading?
    var number = 0
    var next = ContinuousClock.now
    while true {
      let text: String
      do throws(AdminClientError) {
        let reading = try await reader.read()
        text = TopText(address: address, reading: reading, before: before).text
        before = reading
      } catch {
        text = "\(error)\n(asked again every \(DurationText.text(of: interval)))"
      }
      guard !Task.isCancelled, display.show(text, isFirst: number == 0) else { return .stoppedAsAsked }
      number += 1
      if number == limit { return before == nil ? .unreachable : .stoppedAsAsked }
      // Where a reading took longer than the interval, those that were missed are not made up for.
      next = max(next + interval, .now)
      do { try await Task.sleep(until: next, clock: .continuous) } catch { return .stoppedAsAsked }
    }
  }
}
