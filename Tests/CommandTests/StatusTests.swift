import FilterKit
import Glibc
import TestNetwork
import Testing

/// `proxy status` and `proxy top`, asking a proxy that runs.
@Suite("proxy status, proxy top") struct StatusTests {
  private let server: EchoServer
  private let routes: Routes
  private let client: UDPSocket

  init() throws {
    server = try EchoServer(bind: "127.0.0.1:0")
    routes = try Routes([("a", server.address)])
    client = try UDPSocket(bind: "127.0.0.1:0")
  }

  private func status(
    _ arguments: String..., environment: [String: String] = [:], of proxy: ProxyProcess
  ) throws -> (status: TestNetwork.ExitStatus, output: String) {
    let admin = environment["PROXY_ADMIN"] == nil ? ["--admin", "\(proxy.admin)"] : []
    let process = try ChildProcess.proxy(["status"] + admin + arguments, environment: environment)
    return (try process.awaitExit(), process.output)
  }

  /// Sends datagrams, of which some are answered, until the proxy has counted them all.
  private func exchange(good: Int, bad: Int, with proxy: ProxyProcess) throws {
    for _ in 0..<good { try client.send(Array("12345678a".utf8), to: proxy.address) }
    for _ in 0..<bad { try client.send(Array("12b".utf8), to: proxy.address) }
    for _ in 0..<good { #expect(try client.receive() != nil) }
    #expect(try eventually { try proxy.drops(by: "router", .tokenUnknown) == bad })
  }

  @Test("It says what the proxy has forwarded and dropped, as text and as JSON") func counts() throws {
    let proxy = try ProxyProcess(configuration: routes.file, ["--workers", "1"])
    try exchange(good: 5, bad: 3, with: proxy)
    let text = try status(of: proxy)
    #expect(text.status == .exited(0))
    let lines = text.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].hasPrefix("proxy 0.") && lines[0].hasSuffix(": ready"))
    #expect(
      lines.dropFirst().joined(separator: "\n") == """
        path: sockets, because 'proxy run' uses no other
        listening on \(proxy.address) with 1 worker
        configuration: that of the start

        sessions  active  made  refused
        sockets        1     1        0

        datagrams            received  bytes  sent  bytes
        to servers  sockets         8     54     5     40
        to clients  sockets         5     40     5     40

        drops by  reason         datagrams
        router    token_unknown          3

        """)
    let json = try status("--json", environment: ["PROXY_ADMIN": "\(proxy.admin)"], of: proxy)
    #expect(json.status == .exited(0))
    for part in [
      #""isReady": true,"#, #""listening": ["\#(proxy.address)"],"#,
      #"{"direction": "read", "path": "socket", "received": 8, "receivedBytes": 54, "sent": 5, "sentBytes": 40},"#,
      #"{"filter": "router", "reason": "token_unknown", "count": 3}"#,
    ] {
      #expect(json.output.contains(part))
    }
  }

  @Test("Reloads are told, good and refused") func reloads() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    try routes.change(to: [("c", server.address)])
    try proxy.process.awaitLine(containing: "reloaded")
    try routes.replace(by: "version: v0\n")
    try proxy.process.awaitLine(containing: "the configuration stays as it was")
    let output = try status(of: proxy).output
    #expect(output.contains("\nconfiguration: 1 change applied since the start, the last within "))
    #expect(output.contains(" ms; 1 change refused\n"))
  }

  @Test("While the proxy drains, it ends with 4 and says why") func draining() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    try exchange(good: 1, bad: 0, with: proxy)
    try proxy.process.signal(SIGTERM)
    try proxy.process.awaitLine(containing: "draining")
    let (status, output) = try status(of: proxy)
    #expect(status == .exited(4))
    #expect(output.split(separator: "\n").first?.hasSuffix(": not ready: draining, no new session is made") == true)
  }

  @Test("Where nothing listens, it ends with 3, and says what to do") func unreachable() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    try proxy.process.signal(SIGTERM)
    #expect(try proxy.process.awaitExit() == .exited(0))
    let message =
      "no proxy answers on \(proxy.admin): Connection refused; name the address of its admin pages with --admin (a proxy that "
      + "runs with --no-admin has none)\n"
    #expect(try status(of: proxy) == (.exited(3), message))
    let top = try ChildProcess.proxy(
      ["top", "--admin", "\(proxy.admin)", "--count", "2"], environment: ["PROXY_INTERVAL": "100ms"])
    #expect(try top.awaitExit() == .exited(3))
    let line = message + "(asked again every 100ms)\n"
    #expect(top.output == line + "\n" + line)
  }

  @Test("What is no proxy is told from one") func somethingElse() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    // It takes connections and closes them.
    let other = try ChildProcess.proxy(
      ["status", "--admin", "\(SocketAddress(proxy.admin.ip, port: proxy.address.port))"])
    #expect(try other.awaitExit() == .exited(3))
    #expect(other.output.hasPrefix("no proxy answers on "))
  }

  @Test("A port that the system chooses is no place to ask", arguments: ["status", "top"])
  func noPort(command: String) throws {
    let process = try ChildProcess.proxy([command], environment: ["PROXY_ADMIN": "127.0.0.1:0"])
    #expect(try process.awaitExit() == .exited(2))
    #expect(
      process.output == """
        Error: No proxy can be asked on port 0: name the port that it has chosen, which its log says
          See 'proxy \(command) --help' for more information.

        """)
  }

  @Test("Top shows rates from the second reading on") func rates() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    let stream = try PacketStream { [client] in try client.send(Array("\($0)b".utf8), to: proxy.address) }
    let process = try ChildProcess.proxy(["top", "--admin", "\(proxy.admin)", "--interval", "200ms", "--count", "2"])
    #expect(try process.awaitExit() == .exited(0))
    try stream.stop()
    let lines = process.output.split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("proxy 0.") }.count == 2)
    #expect(lines.filter { $0 == "(rates come with the next reading)" }.count == 1)
    let drops = try #require(lines.last).split(separator: " ")
    #expect(drops.dropLast() == ["router", "token_unknown"])
    let rate = Double(String(drops[2].filter { $0 != "," }))
    #expect(try #require(rate) > 5)
  }

  @Test("Top goes on where the proxy restarts, and ends with 0 when it is asked to") func restart() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    try exchange(good: 1, bad: 1, with: proxy)
    let top = try ChildProcess.proxy(["top", "--admin", "\(proxy.admin)", "--interval", "100ms"])
    try top.awaitLine(containing: "1 by sockets; 0/s made")
    try proxy.stop()
    try top.awaitLine(containing: "no proxy answers on \(proxy.admin): Connection refused")
    let next = try ProxyProcess(configuration: routes.file, ["--admin", "\(proxy.admin)"])
    #expect(next.admin == proxy.admin)
    try top.awaitLine(containing: ": rates come with the next reading)")
    try top.awaitLine(containing: "0 by sockets; 0/s made")
    try top.signal(SIGINT)
    #expect(try top.awaitExit() == .exited(0))
  }

  @Test("Where nobody reads any more, top ends") func closedPipe() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    let command = "'\(try ChildProcess.productDirectory())/proxy' top --admin \(proxy.admin) --interval 100ms | head -1"
    let process = try ChildProcess("sh", ["-c", command])
    #expect(try process.awaitExit() == .exited(0))
    #expect(process.output.hasPrefix("proxy 0."))
  }

  @Test("On a terminal, top draws on a second screen, and leaves the first one as it was") func terminal() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    let top = "'\(try ChildProcess.productDirectory())/proxy' top --admin \(proxy.admin) --interval 100ms"
    // Without the terminal's own carriage returns, its lines end as others do.
    let command = "stty -opost; echo id $$; exec \(top)"
    let process = try ChildProcess("script", ["-qefc", command, "/dev/null"], environment: ["TERM": "xterm"])
    let id = try #require(try process.awaitLine(containing: "id ").split { !$0.isNumber }.first.flatMap { Int32($0) })
    try process.awaitLine(containing: "0 by sockets; 0/s made")
    #expect(kill(id, SIGINT) == 0)
    #expect(try process.awaitExit() == .exited(0))
    let drawn = process.output.drop { $0 != "\u{1b}" }
    #expect(drawn.hasPrefix("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l\u{1b}[Hproxy 0."))
    #expect(drawn.hasSuffix("\u{1b}[J\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l"))
  }
}

/// The same of a proxy with a kernel path.
@Suite("proxy status of proxy ebpf", .requiresNamespaces, .serialized) struct KernelStatusTests {
  private let proxy: NetworkNamespace
  private let peer: NetworkNamespace
  private let folder = try! TemporaryDirectory()

  init() throws {
    proxy = try NetworkNamespace()
    peer = try NetworkNamespace()
    try proxy.link(to: peer)
    try proxy.addAddress("10.3.0.1/24")
    try peer.addAddress("10.3.0.2/24")
  }

  private func start(_ filters: String) throws -> ProxyProcess {
    let file = try folder.write(
      "version: v1alpha1\nfilters: \(filters)\nclusters: [{endpoints: [{address: '10.3.0.2:9000'}]}]\n",
      to: "proxy.yaml")
    let process = try ProxyProcess("ebpf", configuration: file, listen: "10.3.0.1:7777", in: proxy)
    try process.process.awaitLine(containing: "path: ")
    return process
  }

  private func output(_ arguments: [String]) throws -> String {
    let process = try ChildProcess.proxy(arguments, in: proxy)
    #expect(try process.awaitExit() == .exited(0))
    return process.output
  }

  @Test("It says what the kernel carries, and what it left to the sockets") func kernel() throws {
    let server = try EchoServer(bind: "10.3.0.2:9000", in: peer)
    let client = try UDPSocket(bind: "10.3.0.2:5000", in: peer)
    let process = try start("[]")
    for _ in 0..<20 {
      try client.send(Array("1234".utf8), to: process.address)
      #expect(try client.receive() != nil)
    }
    #expect(server.received == 20)
    let socket = try process.metric(#"proxy_packets_received_total{direction="read",path="socket"}"#)
    #expect(socket < 20)
    let text = try output(["status", "--admin", "\(process.admin)"])
    for line in [
      "path: kernel on eth0 (generic); the sockets make sessions and serve the rest",
      "kernel         1",
      "to servers  kernel         \(20 - socket)     \(4 * (20 - socket))    \(20 - socket)     \(4 * (20 - socket))",
    ] {
      #expect(text.split(separator: "\n").contains { $0.words == line.words }, "\(line) in \(text)")
    }
    #expect(text.contains("\nhand-overs to the sockets by cause"))
    #expect(text.contains("\nno_session "))
    let json = try output(["status", "--json", "--admin", "\(process.admin)"])
    #expect(json.contains(#""path": {"kernel": true, "obstacle": null, "description": "kernel on eth0 (generic); "#))
    #expect(json.contains(#"{"cause": "no_session", "count": "#))

    let stream = try PacketStream { _ in try client.send(Array("1234".utf8), to: process.address) }
    let top = try output(["top", "--admin", "\(process.admin)", "--interval", "200ms", "--count", "2"])
    try stream.stop()
    let share = try #require(top.firstMatch(of: /\ncarried by the kernel: ([0-9.]+)% of what was received\n/)).1
    // Not all, where the machine stood still for as long as a next hop is kept.
    #expect(try #require(Double(share)) > 90)
    try process.stop()
  }

  @Test("It says why the sockets serve alone") func obstacle() throws {
    let process = try start("[{name: Debug}]")
    let text = try output(["status", "--admin", "\(process.admin)"])
    #expect(text.contains("\npath: sockets, because filter 'Debug' runs on sockets only: it logs every packet"))
    #expect(text.hasSuffix("\nhand-overs to the sockets: none\n"))
    let json = try output(["status", "--json", "--admin", "\(process.admin)"])
    #expect(json.contains(#""path": {"kernel": false, "obstacle": "chain", "description": "sockets, because filter "#))
  }
}

extension StringProtocol {
  /// The words, however many spaces are between them.
  fileprivate var words: [SubSequence] { split(separator: " ") }
}
