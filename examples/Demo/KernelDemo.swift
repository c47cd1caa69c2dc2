import FilterKit
import Glibc
import TestNetwork

/// The demo of the kernel path: real packets between network namespaces, and who carried them.
struct KernelDemo {
  private static let configuration = "examples/kernel-path.yaml"
  private static let packets = 1_000
  private let network: ProxyNetwork
  private let proxy: ProxyProcess
  private let servers: [Session.Server]

  init() throws {
    if let reason = NetworkNamespace.unavailability { throw NeedsRoot(reason: reason) }
    network = try ProxyNetwork()
    // The addresses and tokens of the servers are those of the configuration file.
    servers = [
      Session.Server(
        "near", token: "near-one", way: "on the clients' subnet",
        try EchoServer(bind: "10.1.0.3:26001", in: network.near, prefix: "near says ")),
      Session.Server(
        "far", token: "far--one", way: "behind a router",
        try EchoServer(bind: "10.3.0.2:26002", in: network.far, prefix: "far says ")),
      Session.Server(
        "six", token: "six--one", way: "IPv6, a third cable",
        try EchoServer(bind: "[fd04::2]:26003", in: network.six, prefix: "six says ")),
    ]
    proxy = try ProxyProcess(
      "ebpf", configuration: Self.configuration, listen: "[::]:7777", ["--require-offload"], in: network.proxy)
  }

  /// True where all was as expected.
  func run() throws -> Bool {
    let path = try proxy.process.awaitLine(containing: "path: ")
    introduce(path: path)
    var isFine = try network.isAnyProgramAttached()
    let alice = (client: try Client("alice", at: "10.1.0.2:0", in: network.client), proxy: "10.1.0.1:7777")
    let bob = (client: try Client("bob", at: "[fd01::2]:0", in: network.client), proxy: "[fd01::1]:7777")
    print(Session.heading)
    for player in [alice, bob] {
      for server in servers {
        let session = Session(
          client: player.client, server: server, proxy: proxy, address: SocketAddress(literal: player.proxy))
        let outcome = try session.run(packets: Self.packets)
        isFine = isFine && outcome.isExpected
        print(outcome.text)
      }
    }
    try proxy.stop()
    let isClean = try !network.isAnyProgramAttached()
    print("\n  \(isClean ? "✓" : "✗") stopped: \(isClean ? "no program is" : "a program is still") on an interface")
    isFine = isFine && isClean
    print(isFine ? "\nAll as expected.\n" : "\nSomething was not as expected; see the lines with ✗.\n")
    return isFine
  }

  private func introduce(path: String) {
    print(
      """

      Two players, the proxy and three servers, each in a network of its own. Each player sends \(Self.packets) datagrams to each server,
      which sends them back with its name before them.

        alice 10.1.0.2 ──┐                                       ┌── router ── far 10.3.0.2
        bob   fd01::2  ──┼── switch ── 10.1.0.1, fd01::1  proxy ─┤
        near  10.1.0.3 ──┘                                       └── six fd04::2

      proxy ebpf --config \(Self.configuration)
      \(path)

      """)
  }
}

/// The demo was started without the privileges that it needs.
private struct NeedsRoot: Error, CustomStringConvertible {
  let reason: String
  var description: String {
    """
    \(reason).
    It loads a program into the kernel too. As root: sudo make demo-ebpf, or what is built already: sudo \(CommandLine.arguments[0]) ebpf
    """
  }
}
