import FilterKit
import Glibc
import TestNetwork
import Testing

/// What goes on in the kernel while no process is there, and who takes it over.
@Suite("proxy ebpf --stay", .requiresNamespaces, .serialized) struct StayTests {
  /// Milliseconds, or rounds of datagrams, without a process. `STAY_SECONDS` makes it longer.
  private static let absence = (getenv("STAY_SECONDS").flatMap { Int(String(cString: $0)) } ?? 0) * 1_000 + 300

  private func awaitPackets(_ more: Int, of stream: PacketStream) {
    let target = stream.sent + more
    #expect(eventually(within: .seconds(60)) { stream.sent >= target })
  }

  @Test("Killed and started again under load, no session loses a datagram", arguments: [2, 3])
  func killed(workers: Int) throws {
    let net = try StayNetwork()
    let first = try net.start()
    try net.establish(first)
    let received = net.servers.map(\.received)
    let sources = net.servers.map(\.sources)
    #expect(sources.allSatisfy { $0.count == net.clients.count })

    let stream = try net.stream()
    awaitPackets(100, of: stream)
    try net.kill(first)
    awaitPackets(Self.absence, of: stream)
    // Another number of workers: clients are spread otherwise than before.
    let next = try net.start(workers: workers)
    try next.process.awaitLine(containing: "are taken over: \(net.sessionCount) (/sys/fs/bpf/pinion/")
    awaitPackets(200, of: stream)
    // The sockets know the sessions too: now they serve them, whichever worker gets their packets.
    try net.serveBySockets()
    try next.process.signal(SIGHUP)
    try next.process.awaitLine(containing: "path: sockets")
    awaitPackets(200, of: stream)
    #expect(try next.metric(#"proxy_sessions_active{path="socket"}"#) == net.sessionCount)
    let sent = try stream.stop() * net.clients.count
    let lost = try Set(0..<sent).subtracting(net.takeAnswers(of: sent)).sorted()
    print("with --stay: \(lost.count) of \(sent) datagrams lost, \(Self.absence) ms and more without a process")
    #expect(lost == [], "of \(sent)")
    #expect(zip(net.servers, received).reduce(0) { $0 + $1.0.received - $1.1 } == sent)
    #expect(net.servers.map(\.sources) == sources, "each client has the source port that it had")
    #expect(try next.metric("proxy_sessions_total{path=\"socket\"}") == 0)
    #expect(try next.metric(#"proxy_packets_received_total{direction="read",path="socket"}"#) >= 200)
    // Nothing is left to stay.
    #expect(try !net.network.isAnyProgramAttached())
    #expect(access(try net.pinFolder(), F_OK) != 0)
    try next.stop()
  }

  @Test("Upgraded by SIGTERM and a new start under load, again and again, no session loses a datagram")
  func upgraded() throws {
    let net = try StayNetwork()
    var proxy = try net.start()
    try net.establish(proxy)
    let sources = net.servers.map(\.sources)
    let stream = try net.stream()
    for _ in 0..<3 {
      try proxy.process.signal(SIGTERM)
      #expect(try proxy.process.awaitExit() == .exited(0))
      try proxy.process.awaitLine(containing: "stopped; \(net.sessionCount) sessions left to the kernel until the next")
      proxy = try net.start()
      awaitPackets(50, of: stream)
    }
    let sent = try stream.stop() * net.clients.count
    let lost = try Set(0..<sent).subtracting(net.takeAnswers(of: sent)).sorted()
    #expect(lost == [], "of \(sent)")
    #expect(net.servers.map(\.sources) == sources)
    // New clients get ports of their own.
    let more = try UDPSocket(bind: "10.1.0.2:0", in: net.network.client)
    try more.send("xa".utf8, to: StayNetwork.listener(0))
    #expect(try more.receive()?.bytes == Array("x".utf8))
    #expect(net.servers[0].sources.count == net.clients.count + 1)
  }

  /// How many moments; `STAY_KILLS` makes them more.
  private static let kills = getenv("STAY_KILLS").flatMap { Int(String(cString: $0)) } ?? 10

  @Test("Killed at any moment of its start, no session loses a datagram") func killedWhileStarting() throws {
    let net = try StayNetwork()
    let clock = ContinuousClock()
    var begin = clock.now
    let first = try net.start()
    let startTime = clock.now - begin
    try net.establish(first)
    let sources = net.servers.map(\.sources)
    let stream = try net.stream()
    try net.kill(first)
    var wasStarted = false
    var number = 1
    // Later each time, until one was through.
    while number <= Self.kills || !wasStarted {
      let moment = startTime * number / Self.kills
      begin = clock.now
      let next = try ChildProcess.proxy(
        ["ebpf", "--config", net.routes.file, "--listen", "[::]:7777", "--no-admin", "--log-format", "text", "--stay"],
        in: net.network.proxy)
      _ = eventually(within: moment) { clock.now - begin >= moment }
      try next.signal(SIGKILL)
      #expect(try next.awaitExit() == .signalled(SIGKILL))
      wasStarted = next.output.contains("path: kernel")
      number += 1
    }
    let last = try net.start()
    try last.process.awaitLine(containing: "are taken over: \(net.sessionCount)")
    awaitPackets(50, of: stream)
    let sent = try stream.stop() * net.clients.count
    let lost = try Set(0..<sent).subtracting(net.takeAnswers(of: sent)).sorted()
    #expect(lost == [], "of \(sent)")
    #expect(net.servers.map(\.sources) == sources)
  }

  @Test("What stays is what was applied last, also after the kernel path was away") func reloaded() throws {
    let net = try StayNetwork(clients: 2)
    let first = try net.start()
    try net.establish(first)
    try net.serveBySockets()
    try first.process.signal(SIGHUP)
    try first.process.awaitLine(containing: "path: sockets")
    #expect(access(try net.pinFolder(), F_OK) != 0, "nothing to stay")
    // Back with another chain, and the tokens the other way round.
    try net.routes.change(to: [("b", net.servers[0].address), ("a", net.servers[1].address)], first: "{name: Pass}")
    try first.process.signal(SIGHUP)
    #expect(try eventually { try first.metric("proxy_offload_active") == 1 })
    try net.establish(first)
    let received = net.servers[0].received
    try net.kill(first)
    for _ in 0..<5 { try net.clients[0].send("1b".utf8, to: StayNetwork.listener(0)) }
    for _ in 0..<5 { #expect(try net.clients[0].receive()?.bytes == Array("1".utf8)) }
    #expect(net.servers[0].received == received + 5)
    let next = try net.start()
    try next.process.awaitLine(containing: "are taken over: \(net.sessionCount)")
    try net.exchange()
  }

  @Test("Without it, sessions stop until the next process is there") func gap() throws {
    let net = try StayNetwork(clients: 1)
    let first = try net.start([])
    try net.establish(first)
    let stream = try net.stream()
    awaitPackets(100, of: stream)
    try net.kill(first)
    let next = try net.start([])
    awaitPackets(100, of: stream)
    let sent = try stream.stop() * net.clients.count
    let answered = try net.takeAnswers(of: sent, within: .seconds(1))
    // One datagram a millisecond or so.
    print(
      "without --stay: \(sent - answered.count) of \(sent) datagrams lost between SIGKILL and the next start at once")
    #expect(answered.count < sent)
    #expect(answered.contains(sent - 1))
    try next.stop()
    #expect(try net.detach().output == "nothing is left in the kernel\n")
  }

  @Test("What a build with another layout left is replaced, and it says so") func otherLayout() throws {
    let net = try StayNetwork()
    let first = try net.start()
    try net.establish(first)
    try net.kill(first)
    try net.exchange()
    try net.changeLayout()
    let next = try net.start()
    try next.process.awaitLine(
      containing:
        "another layout, and is replaced: sessions that are made anew: \(net.sessionCount) (\(try net.pinFolder()))")
    #expect(!next.process.output.contains("taken over"))
    try net.establish(next)
    #expect(try next.metric("proxy_sessions_total{path=\"socket\"}") == net.sessionCount)
    // And it leaves its own in turn.
    try net.kill(next)
    try net.exchange()
    let last = try net.start()
    try last.process.awaitLine(containing: "are taken over: \(net.sessionCount)")
    try net.exchange()
  }

  @Test("Sessions whose clients fell silent while no process was there end") func silent() throws {
    let net = try StayNetwork(clients: 2)
    let first = try net.start(["--stay", "--idle-timeout", "500ms"])
    try net.establish(first)
    try net.kill(first)
    let next = try net.start(["--stay", "--idle-timeout", "500ms"])
    try next.process.awaitLine(containing: "are taken over: 4")
    let active = { try next.metric(#"proxy_sessions_active{path="kernel"}"#) }
    #expect(try eventually { try active() == 0 })
    try net.kill(next)
    #expect(try net.detach().output == "removed: front, back, six, 0 sessions (\(try net.pinFolder()))\n")
  }

  @Test("A process that is not to stay takes over all the same, and leaves nothing") func notStaying() throws {
    let net = try StayNetwork()
    let first = try net.start()
    try net.establish(first)
    try net.kill(first)
    let next = try net.start([])
    try next.process.awaitLine(containing: "are taken over: \(net.sessionCount)")
    #expect(access(try net.pinFolder(), F_OK) != 0)
    try net.establish(next)
    #expect(try next.metric("proxy_sessions_total{path=\"socket\"}") == 0)
    try net.kill(next)
    #expect(try eventually { try !net.network.isAnyProgramAttached() })
  }

  @Test("'proxy detach' removes what stayed, but nothing of a proxy that runs") func detached() throws {
    let net = try StayNetwork()
    let first = try net.start()
    try net.establish(first)
    let refused = try net.detach()
    #expect(refused.status == .exited(3))
    #expect(refused.output == "[::]:7777 is in use: its proxy runs; stop it first (\(try net.pinFolder()))\n")
    try net.kill(first)
    #expect(try net.network.isAnyProgramAttached())
    #expect(try net.detach("--listen", "10.1.0.1:7777").output == "nothing is left in the kernel\n")
    let other = try ProxyProcess("run", configuration: net.routes.file, listen: "[::]:7777", in: net.network.proxy)
    try other.process.awaitLine(
      containing: "the kernel carries on what a 'proxy ebpf --stay' has left; 'proxy detach' ends that")
    try net.kill(other)
    let removed = try net.detach("--listen", "[::]:7777")
    #expect(removed.status == .exited(0))
    #expect(removed.output == "removed: front, back, six, \(net.sessionCount) sessions (\(try net.pinFolder()))\n")
    #expect(try !net.network.isAnyProgramAttached())
    #expect(access(try net.pinFolder(), F_OK) != 0)
  }

  @Test("Where nothing can be pinned, it says what to do, and what requires it does not start") func notPinned() throws
  {
    let net = try StayNetwork(clients: 1)
    // The file system is mounted by the first one that needs it.
    try net.kill(net.start())
    #expect(try net.detach().status == .exited(0))
    let folder = try net.pinFolder()
    #expect(symlink("/nowhere", folder) == 0)
    defer { unlink(folder) }
    let proxy = try net.start()
    try proxy.process.awaitLine(containing: "nothing stays when this process ends, because \(folder)/")
    try proxy.process.awaitLine(containing: "or leave --stay out")
    try net.establish(proxy)
    try net.kill(proxy)
    #expect(try eventually { try !net.network.isAnyProgramAttached() })
    let required = try ChildProcess.proxy(
      ["ebpf", "--config", net.routes.file, "--listen", "[::]:7777", "--no-admin", "--stay", "--require-offload"],
      in: net.network.proxy)
    #expect(try required.awaitExit() == .exited(3))
    #expect(try !net.network.isAnyProgramAttached())
  }
}
