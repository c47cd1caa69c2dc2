import ArgumentParser
import Operations

/// `proxy ebpf`: serves on the kernel path over the socket path.
struct EbpfCommand: ProxySubcommand {
  static let configuration = CommandConfiguration(
    commandName: "ebpf",
    abstract: "Forward datagrams until stopped, established sessions in the kernel.",
    usage: "proxy ebpf [--config <file>] [<options>]",
    discussion: """
      As 'proxy run', and besides an XDP program on the network interfaces carries sessions on after their first datagram. What \
      the kernel cannot run goes to the sockets, which serve it all the same: the log says so at the start, and 'proxy explain' \
      says why. It needs root, or the capabilities CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON.

      So that the program may look up next hops, net.ipv4.conf.lo.forwarding and net.ipv6.conf.lo.forwarding are set to 1. They \
      let nothing else be forwarded.

      EXAMPLES:
        proxy ebpf --config edge.yaml
        proxy ebpf --interface eth0 --attach native --require-offload
        proxy ebpf --stay

      STAYING:
        With --stay the program, its sessions and their source ports are
        pinned below /sys/fs/bpf/pinion. While no process is there, the
        kernel carries the sessions that it had; new ones, and what the
        kernel hands over, find nobody. The next 'proxy ebpf' with the
        same --listen takes the sessions over, without a lost datagram;
        without --stay, it leaves nothing in its turn. A build whose
        tables look otherwise replaces them, and says so. SIGTERM ends
        the process at once, since there is nothing to drain. To end
        all: 'proxy detach'.

      \(ManualParts.exitCodes)
      """)

  @OptionGroup var config: ConfigOption
  @OptionGroup var options: RunOptions
  @OptionGroup var kernel: KernelPathArguments

  func run(with runner: CommandRunner) async throws(UsageError) -> ExitStatus {
    var server = try options.serverOptions(runner.environment)
    server.kernel = try kernel.options(runner.environment)
    return try await RunCommand.serve(server, config, options, runner)
  }
}
