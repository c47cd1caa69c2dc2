import FilterKit
import Glibc
import TestNetwork
import Testing

@Suite struct SignalTests {
  private let old: EchoServer
  private let new: EchoServer
  private let routes: Routes

  init() throws {
    old = try EchoServer(bind: "127.0.0.1:0", prefix: "old ")
    new = try EchoServer(bind: "127.0.0.1:0", prefix: "new ")
    routes = try Routes([("a", old.address)])
  }

  /// Sends a text with its token, and gives what came back.
  private func ask(_ text: String, _ proxy: ProxyProcess, from client: UDPSocket) throws -> String? {
    try client.send(Array(text.utf8), to: proxy.address)
    return try client.receive().map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  // MARK: The end

  @Test("Without a session it ends at once", arguments: [SIGTERM, SIGINT])
  func endsAtOnce(signal: Int32) throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    try proxy.process.signal(signal)
    #expect(try proxy.process.awaitExit() == .exited(0))
    #expect(proxy.process.output.hasSuffix(" info    stopped\n"))
  }

  @Test("While it drains, sessions go on, no new one is made, and it is not ready")
  func drain() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    let first = try UDPSocket(bind: "127.0.0.1:0")
    #expect(try ask("1a", proxy, from: first) == "old 1")
    try proxy.process.signal(SIGTERM)
    let line = try proxy.process.awaitLine(containing: "draining")
    #expect(line.hasSuffix(" info    draining: no new session, 1 session served until idle, or for 30s"))

    let second = try UDPSocket(bind: "127.0.0.1:0")
    try second.send(Array("2a".utf8), to: proxy.address)
    #expect(try eventually { try proxy.drops(by: "proxy", .draining) == 1 })
    #expect(try ask("3a", proxy, from: first) == "old 3")
    #expect(try second.receiveNow() == nil)
    let ready = try HTTPAnswer.get("/ready", from: proxy.admin)
    #expect(ready.status == 503)
    #expect(ready.body == "not ready: draining, no new session is made\n")
    #expect(try HTTPAnswer.get("/live", from: proxy.admin).status == 200)

    // A second signal spares the rest.
    try proxy.process.signal(SIGTERM)
    #expect(try proxy.process.awaitExit() == .exited(0))
    #expect(proxy.process.output.hasSuffix(" info    stopped; 1 session ended early\n"))
  }

  @Test("It ends when the last session is idle")
  func endsWhenIdle() throws {
    let proxy = try ProxyProcess(configuration: routes.file, ["--idle-timeout", "500ms"])
    let client = try UDPSocket(bind: "127.0.0.1:0")
    #expect(try ask("1a", proxy, from: client) == "old 1")
    try proxy.process.signal(SIGTERM)
    #expect(try proxy.process.awaitExit() == .exited(0))
    #expect(proxy.process.output.hasSuffix(" info    stopped\n"))
  }

  @Test("It ends when the time of the drain is over")
  func endsInTime() throws {
    let proxy = try ProxyProcess(configuration: routes.file, ["--drain-timeout", "200ms"])
    let client = try UDPSocket(bind: "127.0.0.1:0")
    #expect(try ask("1a", proxy, from: client) == "old 1")
    try proxy.process.signal(SIGTERM)
    #expect(try proxy.process.awaitExit() == .exited(0))
    #expect(proxy.process.output.hasSuffix(" info    stopped; 1 session ended early\n"))
  }

  // MARK: Reload

  @Test("SIGHUP applies the file as it is now, and sessions go on")
  func reload() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    let client = try UDPSocket(bind: "127.0.0.1:0")
    #expect(try ask("1a", proxy, from: client) == "old 1")
    try routes.change(to: [("a", new.address), ("b", old.address)])
    try proxy.process.signal(SIGHUP)
    let line = try proxy.process.awaitLine(containing: "reloaded")
    #expect(line.hasSuffix(" info    reloaded \(routes.file): 2 filters (Capture, router), 2 endpoints, 2 tokens"))
    // A worker adopts it before its next batch; from then on both tokens lead elsewhere.
    #expect(try eventually { try ask("2a", proxy, from: client) == "new 2" })
    #expect(try ask("3b", proxy, from: client) == "old 3")
    #expect(try proxy.metric(#"proxy_reloads_total{result="good"}"#) == 1)
    #expect(try HTTPAnswer.get("/config", from: proxy.admin).body.contains("\(new.address)"))
  }

  @Test(
    "A bad file changes nothing; its errors are logged and the refusal is counted",
    arguments: [
      ("version: v2", ":1:10: "),
      ("{version: v1alpha1, clusters: [{endpoints: [{address: 'a.invalid:1'}]}]}", "a.invalid:1: "),
    ])
  func refusedReload(text: String, message: String) throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    let before = try HTTPAnswer.get("/config", from: proxy.admin).body
    try routes.replace(by: text)
    try proxy.process.signal(SIGHUP)
    let line = try proxy.process.awaitLine(containing: "refused")
    #expect(line.hasSuffix(" error   the configuration stays as it was: the new one is refused"))
    #expect(proxy.process.output.contains(message))
    let client = try UDPSocket(bind: "127.0.0.1:0")
    #expect(try ask("1a", proxy, from: client) == "old 1")
    #expect(try proxy.metric(#"proxy_reloads_total{result="refused"}"#) == 1)
    #expect(try proxy.metric(#"proxy_reloads_total{result="good"}"#) == 0)
    #expect(try HTTPAnswer.get("/config", from: proxy.admin).body == before)
    #expect(try HTTPAnswer.get("/ready", from: proxy.admin).status == 200)
  }

  // MARK: The file

  @Test("A change of the file is applied by itself, and what changes nothing is not counted")
  func change() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    let client = try UDPSocket(bind: "127.0.0.1:0")
    #expect(try ask("1a", proxy, from: client) == "old 1")
    try routes.change(to: [("a", new.address)])
    try proxy.process.awaitLine(containing: "reloaded")
    // It was applied before the line: no packet goes the old way any more.
    #expect(try ask("2a", proxy, from: client) == "new 2")
    // The same again, and with a comment more.
    try routes.change(to: [("a", new.address)])
    try routes.change(to: [("a", new.address)], comment: "# nothing new")
    try proxy.process.awaitLine(containing: "says what is applied already")
    #expect(try proxy.metric(#"proxy_reloads_total{result="good"}"#) == 1)
    let line = try #require(
      try proxy.metrics().split(separator: "\n").first { $0.hasPrefix("proxy_reload_duration_seconds ") })
    let seconds = try #require(Double(line.split(separator: " ")[1]))
    #expect(seconds > 0 && seconds < 5)
    try proxy.process.signal(SIGHUP)
    try proxy.process.awaitLine(containing: "has not changed")
    #expect(try proxy.metric(#"proxy_reloads_total{result="good"}"#) == 1)
  }

  @Test("Each bad file is logged once and counted once, and nothing changes")
  func badFiles() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    let client = try UDPSocket(bind: "127.0.0.1:0")
    #expect(try ask("1a", proxy, from: client) == "old 1")
    let before = try HTTPAnswer.get("/config", from: proxy.admin).body
    let bad: [(text: String, message: String)] = [
      ("{version: v1alpha1, ", "routes.yaml:2:1: expected a value"),
      ("{version: v1alpha1, filters: [{name: Captur}]}", "unknown filter"),
      ("", "the file is empty"),
      (String(repeating: "#", count: 64 << 20 + 1), "is over 64 MiB"),
    ]
    for (number, (text, message)) in bad.enumerated() {
      // Twice: the second time says nothing new.
      for _ in 0..<2 {
        try routes.replace(by: text)
        #expect(
          try eventually {
            try proxy.metric(#"proxy_reloads_total{result="refused"}"#) == number + 1
          }, "text \(number): \(proxy.process.output)")
      }
      try proxy.process.awaitLine(containing: message)
    }
    #expect(try ask("2a", proxy, from: client) == "old 2")
    #expect(try HTTPAnswer.get("/config", from: proxy.admin).body == before)
    // What was there before is nothing new either.
    try routes.change(to: [("a", old.address)])
    try proxy.process.awaitLine(containing: "says what is applied already")
    try routes.change(to: [("a", new.address)])
    try proxy.process.awaitLine(containing: "reloaded")
    #expect(try ask("3a", proxy, from: client) == "new 3")
    let lines = proxy.process.output.split(separator: "\n")
    #expect(
      lines.count { $0.hasSuffix("the configuration stays as it was: the new one is refused") } == bad.count,
      "\(proxy.process.output)")
    #expect(try proxy.metric(#"proxy_reloads_total{result="refused"}"#) == bad.count)
    #expect(try proxy.metric(#"proxy_reloads_total{result="good"}"#) == 1)
  }

  @Test("A reader of its output who goes away is no reason to end")
  func brokenPipe() throws {
    let proxy = try ProxyProcess(configuration: routes.file)
    try proxy.process.signal(SIGPIPE)
    let client = try UDPSocket(bind: "127.0.0.1:0")
    #expect(try ask("1a", proxy, from: client) == "old 1")
  }
}
