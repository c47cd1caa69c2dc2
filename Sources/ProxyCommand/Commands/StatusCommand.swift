import AdminRequests
import ArgumentParser
import Operations
import ProxyConfiguration

/// `proxy status`: what a running proxy says of itself.
struct StatusCommand: ProxySubcommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Say how a running proxy is, and what it has done since its start.",
    usage: "proxy status [--admin <address:port>] [--json]",
    discussion: """
      Asks the proxy's admin pages. The exit code is 0 where traffic may be sent to it, 4 where it is not ready, which it says \
      why, and 3 where no proxy answers.

      EXAMPLE:
        $ proxy status
        proxy \(proxyVersion) on 127.0.0.1:8000, up 2h 5m: ready
        path: kernel on eth0 (native); the sockets make sessions and serve the rest
        ...
      """)

  @OptionGroup var admin: AdminOption
  @Flag(help: "Say it in JSON, for machines.") var json = false

  func run(with runner: CommandRunner) async throws(UsageError) -> ExitStatus {
    let address = try admin.address(runner.environment, help: "proxy status --help")
    do throws(AdminClientError) {
      let reading = try await ProxyReader(address).read()
      print(
        json
          ? StatusJSON(address: address, reading: reading).json.text
          : StatusText(address: address, reading: reading).text)
      return reading.readiness.isReady ? .stoppedAsAsked : .notReady
    } catch {
      StandardError.write("\(error)\n")
      return .unreachable
    }
  }
}
