import ArgumentParser
import Operations

/// `proxy`: the root of the commands.
struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "proxy",
    abstract: "A programmable UDP proxy: datagrams go through a chain of filters to servers, and back.",
    usage: """
      proxy [run] [<options>]
      proxy ebpf [<options>]
      proxy check [--config <file>]
      proxy explain [--config <file>] [--json]
      proxy filters [<name>]
      proxy schema
      proxy status [--admin <address:port>] [--json]
      proxy top [--admin <address:port>] [<options>]
      proxy detach [--listen <address:port>]
      proxy new filter <name>
      """,
    discussion: """
      The filters and the servers stand in a configuration file, in YAML. Filters look at a datagram, edit it, choose its \
      servers, or drop it for a reason that is counted.

      EXAMPLES:
        proxy                                   serve with proxy.yaml, on port 7777
        proxy --config edge.yaml --listen 0.0.0.0:26000
        proxy check --config edge.yaml          list all that is wrong with a file
        proxy ebpf                              established sessions go by the kernel
        proxy explain --config edge.yaml        which filter runs where, and why
        proxy filters Capture                   the options of a filter
        proxy detach                            end what 'ebpf --stay' left
        proxy status                            how a running proxy is
        proxy top                               what it does, live
        curl http://127.0.0.1:8000/metrics      what was forwarded, dropped, and why

      All options of the command: 'proxy run --help'. Each can be set in the environment too: PROXY_LISTEN for --listen.

      \(ManualParts.exitCodes)
      """,
    version: proxyVersion,
    subcommands: [
      RunCommand.self, EbpfCommand.self, CheckCommand.self, ExplainCommand.self, FiltersCommand.self,
      SchemaCommand.self, StatusCommand.self, TopCommand.self, DetachCommand.self, NewCommand.self,
    ],
    defaultSubcommand: RunCommand.self)
}
