import FilterKit
import Glibc
import TestNetwork
import Testing

@Suite struct RunTests {
  private let server: EchoServer
  private let routes: Routes

  init() throws {
    server = try EchoServer(bind: "127.0.0.1:0", prefix: "echo ")
    routes = try Routes([("a", server.address)])
  }

  @Test("It says what it loaded, where it listens, and which path serves")
  func startLines() throws {
    let proxy = try ProxyProcess(configuration: routes.file, ["--workers", "1"])
    let lines = proxy.process.output.split(separator: "\n").filter { $0.contains(" info ") }.map { $0.dropFirst(13) }
    #expect(
      lines == [
        "info    loaded \(routes.file): 2 filters (Capture, router), 1 endpoint, 1 token",
        "info    listening on \(proxy.address) with 1 worker",
        "info    path: sockets, because 'proxy run' uses no other",
        "info    admin pages on http://\(proxy.admin)",
      ])
  }

  @Test("Options come from the environment, and the command line wins")
  func environment() throws {
    let process = try ChildProcess.proxy(
      ["--workers", "1"],
      environment: [
        "PROXY_CONFIG": routes.file, "PROXY_LISTEN": "[::1]:0", "PROXY_WORKERS": "2", "PROXY_NO_ADMIN": "true",
        "PROXY_LOG_FORMAT": "json", "PROXY_LOG_LEVEL": "",
      ])
    let line = try process.awaitLine(containing: "listening on ")
    #expect(line.contains("listening on [::1]:"))
    #expect(line.hasSuffix(#" with 1 worker"}"#))
    try process.awaitLine(containing: "path: sockets")
    try process.signal(SIGINT)
    #expect(try process.awaitExit() == .exited(0))
    #expect(!process.output.contains("admin pages"))
  }

  @Test("A variable that looks like a misspelt option is named")
  func misspeltVariable() throws {
    let proxy = try ProxyProcess(
      configuration: routes.file, environment: ["PROXY_WORKRES": "2", "PROXY_SERVICE_HOST": "10.0.0.1"])
    let warnings = proxy.process.output.split(separator: "\n").filter { $0.contains("of the environment") }
    #expect(
      warnings.map { $0.dropFirst(13) } == [
        "warning the variable 'PROXY_WORKRES' of the environment has no effect (did you mean 'PROXY_WORKERS'?)"
      ])
  }

  @Test("Where it does not write to a terminal, each line is a JSON object")
  func jsonByDefault() throws {
    let process = try ChildProcess.proxy(["--config", routes.file, "--listen", "127.0.0.1:0", "--no-admin"])
    try process.awaitLine(containing: "path: sockets")
    try process.signal(SIGTERM)
    #expect(try process.awaitExit() == .exited(0))
    for line in process.output.split(separator: "\n") {
      #expect(line.hasPrefix(#"{"time":"20"#) && line.hasSuffix(#""}"#))
    }
  }

  @Test("A bad configuration ends it with 1, and all errors are logged")
  func badConfiguration() throws {
    try routes.replace(by: "version: v2\nfilter: []\n")
    let process = try ChildProcess.proxy(["--config", routes.file, "--log-format", "text"])
    #expect(try process.awaitExit() == .exited(1))
    let lines = process.output.split(separator: "\n").map { $0.dropFirst(13) }
    #expect(lines.contains { $0.hasPrefix("error   \(routes.file):1:10: ") })
    #expect(lines.contains { $0.hasPrefix("error   \(routes.file):2:1: ") && $0.contains("(did you mean 'filters'?)") })
    #expect(lines.last == "error   not started")
  }

  @Test("An endpoint's name that leads nowhere ends it with 1, and is named")
  func unknownName() throws {
    try routes.replace(by: "{version: v1alpha1, clusters: [{endpoints: [{address: 'game.invalid:7000'}]}]}")
    let process = try ChildProcess.proxy(["--config", routes.file, "--log-format", "text"])
    #expect(try process.awaitExit() == .exited(1))
    #expect(process.output.contains(" error   endpoint game.invalid:7000: its name cannot be looked up: "))
  }

  @Test("An address in use ends it with 3, and the option is named", arguments: ["--listen", "--admin"])
  func addressInUse(option: String) throws {
    let first = try ProxyProcess(configuration: routes.file)
    var arguments = [
      "--config", routes.file, "--log-format", "text", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
    ]
    arguments += [option, "\(option == "--listen" ? first.address : first.admin)"]
    let process = try ChildProcess.proxy(arguments)
    #expect(try process.awaitExit() == .exited(3))
    let line = try process.awaitLine(
      containing: "cannot listen on \(option == "--listen" ? first.address : first.admin): ")
    #expect(line.contains(option))
    // The first one is none the worse for it.
    #expect(try HTTPAnswer.get("/ready", from: first.admin).status == 200)
  }

  @Test("The admin pages tell of this process")
  func adminPages() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    #expect(try HTTPAnswer.get("/live", from: proxy.admin).status == 200)
    #expect(try HTTPAnswer.get("/ready", from: proxy.admin).body == "ready\n")
    #expect(try HTTPAnswer.get("/config", from: proxy.admin).body.contains(#"- address: "\#(server.address)""#))
    let client = try UDPSocket(bind: "127.0.0.1:0")
    try client.send(Array("hia".utf8), to: proxy.address)
    #expect(try client.receive()?.bytes == Array("echo hi".utf8))
    try client.send(Array("hib".utf8), to: proxy.address)
    #expect(try eventually { try proxy.drops(by: "router", .tokenUnknown) == 1 })
    #expect(try proxy.metric(#"proxy_packets_received_total{direction="read",path="socket"}"#) == 2)
    #expect(try proxy.metric(#"proxy_packets_sent_total{direction="write",path="socket"}"#) == 1)
    #expect(try proxy.metric(#"proxy_sessions_active{path="socket"}"#) == 1)
  }
}
