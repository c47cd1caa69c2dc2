import ArgumentParser
import FilterKit
import KernelPath
import Operations
import SocketPath

/// `proxy detach`: removes what a proxy left in the kernel.
struct DetachCommand: ProxySubcommand {
  static let configuration = CommandConfiguration(
    commandName: "detach",
    abstract: "Remove what 'proxy ebpf --stay' left in the kernel.",
    usage: "proxy detach [--listen <address:port>]",
    discussion: """
      Takes the program off its interfaces and ends the sessions that it carries on. It does so for all proxies of this network \
      namespace that have ended, or for the one that listened where --listen says. The exit code is 0 where nothing is left, and \
      3 where something is: it could not be removed, or its proxy runs.

      EXAMPLE:
        $ proxy detach
        removed: eth0, 12 sessions (/sys/fs/bpf/pinion/1-any-7777)
      """)

  @Option(
    help: ArgumentHelp("Where the proxy listened. (default: all that is left)", valueName: "address:port"),
    transform: Settings.listen.read)
  var listen: SocketAddress?

  func run(with runner: CommandRunner) async throws(UsageError) -> ExitStatus {
    let found = Remains.find(try Settings.listen.value(listen, runner.environment))
    if found.isEmpty { print("nothing is left in the kernel") }
    var status = ExitStatus.stoppedAsAsked
    for remains in found {
      do throws(KernelPathError) {
        if let address = remains.listening.first(where: SocketPath.isInUse) {
          StandardError.write("\(address) is in use: its proxy runs; stop it first (\(remains.path))\n")
          status = .cannotListen
          continue
        }
        try remains.remove()
        let interfaces = remains.interfaces.isEmpty ? "on no interface" : remains.interfaces.joined(separator: ", ")
        print("removed: \(interfaces), \(count(remains.sessionCount, "session")) (\(remains.path))")
      } catch {
        StandardError.write("\(error)\n")
        status = .cannotListen
      }
    }
    return status
  }
}
