import FilterKit
import Glibc
import TestNetwork
import Testing

/// What an operator of `proxy ebpf` sees.
@Suite("proxy ebpf, operated", .requiresNamespaces, .serialized) struct EbpfOperationTests {
  private let proxy: NetworkNamespace
  private let peer: NetworkNamespace
  private let folder = try! TemporaryDirectory()
  private static let admin = SocketAddress(literal: "127.0.0.1:8000")

  init() throws {
    proxy = try NetworkNamespace()
    peer = try NetworkNamespace()
    try proxy.link(to: peer)
    try proxy.addAddress("10.3.0.1/24")
  }

  @discardableResult private func write(_ filters: String) throws -> String {
    try folder.write(
      "version: v1alpha1\nfilters: \(filters)\nclusters: [{endpoints: [{address: '10.3.0.2:9000'}]}]\n",
      to: "proxy.yaml")
  }

  private func start(_ filters: String, _ arguments: [String] = []) throws -> ChildProcess {
    let file = try write(filters)
    let process = try ChildProcess.proxy(
      ["ebpf", "--config", file, "--log-format", "text"] + arguments, in: proxy)
    try process.awaitLine(containing: "admin pages on")
    #expect(try eventually { try !ready().body.contains("starting") })
    return process
  }

  private func ready() throws -> HTTPAnswer { try HTTPAnswer.get("/ready", from: Self.admin, in: proxy) }

  private func reload(_ process: ChildProcess, _ filters: String) throws {
    func count() -> Int { process.output.split(separator: "\n").count { $0.contains("reloaded") } }
    let before = count()
    try write(filters)
    try process.signal(SIGHUP)
    #expect(eventually { count() > before })
  }

  @Test("/ready and /metrics say which path is really in use") func path() throws {
    let process = try start("[]")
    #expect(
      try ready().body == "ready\npath: kernel on eth0 (generic); the sockets make sessions and serve the rest\n")
    let metrics = try HTTPAnswer.get("/metrics", from: Self.admin, in: proxy).body
    for line in [
      "proxy_offload_active 1", "proxy_offload_obstacle{reason=\"chain\"} 0",
      "proxy_sessions_active{path=\"kernel\"} 0", "proxy_sessions_active{path=\"socket\"} 0",
      "proxy_hand_overs_total{cause=\"no_session\"} 0",
      "proxy_packets_sent_total{direction=\"write\",path=\"kernel\"} 0",
    ] { #expect(metrics.contains("\n\(line)\n"), "\(line)") }
    #expect(!metrics.contains("cause=\"aborted\""))

    try reload(process, "[{name: Debug}]")
    let answer = try ready()
    #expect(answer.status == 200)
    #expect(answer.body.hasPrefix("ready\npath: sockets, because filter 'Debug' runs on sockets only"))

    // The interface goes away: so does the program.
    try reload(process, "[]")
    #expect(try ready().body.contains("path: kernel"))
    try proxy.ip("link", "delete", "eth0")
    // Before the change of the network is followed it says so, and afterwards what is missing.
    #expect(try ready().body.hasPrefix("ready\npath: sockets, because "))
    let after = try HTTPAnswer.get("/metrics", from: Self.admin, in: proxy).body
    #expect(after.contains("\nproxy_offload_active 0\n"))
  }

  @Test("What requires the kernel path is not ready without it") func required() throws {
    let process = try start("[]", ["--require-offload"])
    #expect(try ready().status == 200)
    try reload(process, "[{name: Debug}]")
    let answer = try ready()
    #expect(answer.status == 503)
    #expect(answer.body.hasPrefix("not ready: the kernel path is required; path: sockets, because filter 'Debug'"))
  }

  @Test("What libbpf says are lines of the log") func log() throws {
    let process = try start("[]", ["--log-level", "debug", "--log-format", "json"])
    let lines = process.output.split(separator: "\n")
    #expect(lines.allSatisfy { $0.hasPrefix("{\"time\":") }, "\(lines.first { !$0.hasPrefix("{") } ?? "")")
    #expect(lines.contains { $0.contains("\"level\":\"debug\"") && $0.contains("libbpf: map 'tokens'") })
  }

  @Test("What loses packets on virtual links is said at the start") func warnings() throws {
    let process = try start("[]", ["--attach", "native"])
    try process.awaitLine(containing: "path: kernel on eth0 (native)")
    try process.awaitLine(
      containing: "warning eth0 is a veth: what a native program sends back through it is lost")
    try process.signal(SIGKILL)
    _ = try process.awaitExit()

    // The clients' interface is another one than was named, as where a VLAN has the address.
    try proxy.link(to: peer, name: "eth1", peerName: "eth1")
    try proxy.addAddress("10.7.0.1/24", to: "eth1")
    let other = try start("[]", ["--listen", "10.7.0.1:7777", "--interface", "eth0"])
    try other.awaitLine(
      containing:
        "no address that the proxy listens on is on eth0: packets from clients come over eth1, and go by the sockets")
    try other.signal(SIGKILL)
    _ = try other.awaitExit()
    let right = try start("[]", ["--listen", "10.7.0.1:7777"])
    try right.awaitLine(containing: "path: kernel on eth0 (generic), eth1 (generic)")
    try right.awaitLine(containing: "warning eth1 hands over what its sender has left in one piece")
    #expect(!right.output.contains("no address that"))
  }
}
