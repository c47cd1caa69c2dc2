import FilterKit
import Glibc
import TestNetwork
import Testing

/// `proxy ebpf`, with real packets between a client with its server and the proxy.
@Suite("proxy ebpf", .requiresNamespaces, .serialized) struct EbpfTests {
  private let proxy: NetworkNamespace
  private let peer: NetworkNamespace
  private let folder = try! TemporaryDirectory()
  private static let address = SocketAddress(literal: "10.3.0.1:7777")

  init() throws {
    proxy = try NetworkNamespace()
    peer = try NetworkNamespace()
    try proxy.link(to: peer)
    try proxy.addAddress("10.3.0.1/24")
    try peer.addAddress("10.3.0.2/24")
  }

  private func start(_ filters: String, _ arguments: [String] = []) throws -> ChildProcess {
    let file = try folder.write(
      "version: v1alpha1\nfilters: \(filters)\nclusters: [{endpoints: [{address: '10.3.0.2:9000'}]}]\n",
      to: "proxy.yaml")
    return try ChildProcess.proxy(
      ["ebpf", "--config", file, "--no-admin", "--log-format", "text", "--idle-timeout", "2s"] + arguments, in: proxy)
  }

  /// Whether a program is on the proxy's interface.
  private func isAttached() throws -> Bool { try proxy.ip("link", "show", "eth0").contains("xdp") }

  private func exchange(_ client: UDPSocket, _ server: UDPSocket, _ numbers: Range<Int>) throws -> Set<SocketAddress> {
    var sources: Set<SocketAddress> = []
    for number in numbers {
      try client.send(Array("to \(number)".utf8), to: Self.address)
      let packet = try #require(try server.receive())
      #expect(packet.bytes == Array("to \(number)".utf8))
      sources.insert(packet.source)
      try server.send(Array("back \(number)".utf8), to: packet.source)
      let answer = try #require(try client.receive())
      #expect(answer == Datagram(bytes: Array("back \(number)".utf8), source: Self.address))
    }
    return sources
  }

  @Test("It says what it is on, and a killed process leaves nothing behind") func killed() throws {
    let server = try UDPSocket(bind: "10.3.0.2:9000", in: peer)
    let client = try UDPSocket(bind: "10.3.0.2:5000", in: peer)
    let process = try start("[{name: PacketSize, config: {max: 100}}]")
    try process.awaitLine(containing: "path: kernel on eth0 (generic); the sockets make sessions and serve the rest")
    #expect(try exchange(client, server, 0..<20).count == 1)
    #expect(try isAttached())
    try process.signal(SIGKILL)
    #expect(try process.awaitExit() == .signalled(SIGKILL))
    #expect(try eventually { try !isAttached() })
    // The next process makes its sessions anew.
    let next = try start("[{name: PacketSize, config: {max: 100}}]")
    try next.awaitLine(containing: "path: kernel on eth0 (generic)")
    #expect(try exchange(client, server, 20..<30).count == 1)
  }

  @Test("Killed in the middle of traffic, it leaves nothing attached, and the next process makes the sessions anew")
  func killedInTraffic() throws {
    let network = try ProxyNetwork()
    let servers = [
      try EchoServer(bind: "10.1.0.3:9000", in: network.near), try EchoServer(bind: "10.3.0.2:9000", in: network.far),
    ]
    let routes = try Routes([("a", servers[0].address), ("b", servers[1].address)])
    let client = try UDPSocket(bind: "10.1.0.2:0", in: network.client)
    let listener = SocketAddress(literal: "10.1.0.1:7777")
    func start() throws -> ProxyProcess {
      let proxy = try ProxyProcess(
        "ebpf", configuration: routes.file, listen: "0.0.0.0:7777", ["--require-offload", "--workers", "4"],
        in: network.proxy)
      try proxy.process.awaitLine(containing: "path: kernel")
      return proxy
    }
    /// Waits until the kernel has carried packets to both servers and back, without the sockets.
    func isInTheKernel(_ proxy: ProxyProcess) throws -> Bool {
      let socketPackets = { try proxy.metric("proxy_packets_received_total{direction=\"read\",path=\"socket\"}") }
      return try eventually {
        let (received, bySockets) = (servers.map(\.received), try socketPackets())
        guard bySockets >= servers.count else { return false }
        guard eventually(within: .seconds(2), { zip(servers, received).allSatisfy { $0.received > $1 + 50 } }) else {
          return false
        }
        return try socketPackets() == bySockets
      }
    }
    let proxy = try start()
    let stream = try PacketStream { try client.send("\($0)\(["a", "b"][$0 % 2])".utf8, to: listener) }
    #expect(try isInTheKernel(proxy))
    #expect(servers.map(\.sources.count) == [1, 1])
    try proxy.process.signal(SIGKILL)
    #expect(try proxy.process.awaitExit() == .signalled(SIGKILL))
    #expect(try eventually { try !network.isAnyProgramAttached() })
    func awaitPackets(_ more: Int) {
      let target = stream.sent + more
      #expect(eventually { stream.sent >= target })
    }
    // What was under way arrives meanwhile.
    awaitPackets(50)
    let received = servers.map(\.received)
    awaitPackets(50)
    #expect(servers.map(\.received) == received, "nothing carries them any more")

    let next = try start()
    #expect(try isInTheKernel(next))
    try stream.stop()
    // Sessions made anew, each with one source port. It may be the one that the killed process had.
    for server in servers { #expect((1...2).contains(server.sources.count)) }
    // Answers of different servers may overtake each other.
    var answers: Set<Int> = []
    let areLastAnswered = try eventually {
      while let answer = try client.receiveNow() {
        #expect(answer.source == listener)
        answers.insert(try #require(Int(String(decoding: answer.bytes, as: UTF8.self))))
      }
      return answers.isSuperset(of: [stream.sent - 2, stream.sent - 1])
    }
    #expect(areLastAnswered)
    try next.stop()
    #expect(try !network.isAnyProgramAttached())
  }

  @Test("Stopped as asked, it detaches") func stopped() throws {
    let process = try start("[]")
    try process.awaitLine(containing: "path: kernel")
    try process.signal(SIGTERM)
    #expect(try process.awaitExit() == .exited(0))
    #expect(try !isAttached())
  }

  @Test("A chain that the kernel cannot run is served by the sockets, with the reason") func fallBack() throws {
    let server = try UDPSocket(bind: "10.3.0.2:9000", in: peer)
    let client = try UDPSocket(bind: "10.3.0.2:5000", in: peer)
    let process = try start("[{name: Debug}]")
    try process.awaitLine(
      containing:
        "path: sockets, because filter 'Debug' runs on sockets only: it logs every packet, which the kernel's program cannot"
    )
    #expect(try exchange(client, server, 0..<5).count == 1)
    #expect(try !isAttached())
  }

  @Test("What is required and cannot be had ends it with 3") func required() throws {
    let process = try start("[{name: Debug}]", ["--require-offload"])
    #expect(try process.awaitExit() == .exited(3))
    #expect(
      process.output.contains("the kernel path is required and cannot be had: filter 'Debug' runs on sockets only"))
    let other = try start("[]", ["--require-offload", "--interface", "eth7"])
    #expect(try other.awaitExit() == .exited(3))
    #expect(other.output.contains("there is no interface 'eth7' that is up (those that are: lo, eth0)"))
  }
}
