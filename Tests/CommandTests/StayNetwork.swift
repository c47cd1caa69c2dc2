import CBpf
import FilterKit
import Glibc
import TestNetwork
import Testing

/// Clients and two servers around a proxy that is left and taken over. What it leaves at the end of the test is removed.
final class StayNetwork: Sendable {
  let network = try! ProxyNetwork()
  let servers: [EchoServer]
  let clients: [UDPSocket]
  let routes: Routes
  static let listener = SocketAddress(literal: "10.1.0.1:7777")

  init(clients: Int = 8) throws {
    servers = [
      try EchoServer(bind: "10.1.0.3:9000", in: network.near), try EchoServer(bind: "10.3.0.2:9000", in: network.far),
    ]
    routes = try Routes([("a", servers[0].address), ("b", servers[1].address)])
    self.clients = try (0..<clients).map { [network] _ in try UDPSocket(bind: "10.1.0.2:0", in: network.client) }
  }

  deinit { _ = try? detach() }

  /// One for each client and server.
  var sessionCount: Int { clients.count * servers.count }

  /// Starts the proxy and waits for the kernel path.
  func start(_ arguments: [String] = ["--stay"], workers: Int = 2) throws -> ProxyProcess {
    let proxy = try ProxyProcess(
      "ebpf", configuration: routes.file, listen: "0.0.0.0:7777", ["--workers", "\(workers)"] + arguments,
      in: network.proxy)
    try proxy.process.awaitLine(containing: "path: kernel")
    return proxy
  }

  /// Kills it, as nothing can be done against.
  func kill(_ proxy: ProxyProcess) throws {
    try proxy.process.signal(SIGKILL)
    #expect(try proxy.process.awaitExit() == .signalled(SIGKILL))
  }

  /// Writes a configuration that only the sockets can run.
  func serveBySockets() throws {
    try routes.change(to: [("a", servers[0].address), ("b", servers[1].address)], first: "Debug")
  }

  /// Runs `proxy detach`.
  func detach(_ arguments: String...) throws -> (status: TestNetwork.ExitStatus, output: String) {
    let process = try ChildProcess.proxy(["detach"] + arguments, in: network.proxy)
    return (try process.awaitExit(), process.output)
  }

  /// Sends a numbered datagram: in turns from each client to each server.
  func send(_ number: Int) throws {
    let token = number / clients.count % servers.count == 0 ? "a" : "b"
    try clients[number % clients.count].send("\(number)\(token)".utf8, to: Self.listener)
  }

  /// Makes all sessions, and waits until the kernel carries them without the sockets.
  func establish(_ proxy: ProxyProcess) throws {
    let isCarried = try eventually {
      let before = try bySockets(proxy)
      try exchange()
      return try bySockets(proxy) == before && proxy.metric(#"proxy_sessions_active{path="kernel"}"#) == sessionCount
    }
    #expect(isCarried, "the kernel carries all sessions")
  }

  /// One datagram over each session, and its answer.
  func exchange() throws {
    for number in 0..<sessionCount { try send(number) }
    var answers: Set<[UInt8]> = []
    for number in 0..<sessionCount {
      let answer = try #require(try clients[number % clients.count].receive(), "no answer")
      #expect(answer.source == Self.listener)
      answers.insert(answer.bytes)
    }
    #expect(answers.count == sessionCount)
  }

  private func bySockets(_ proxy: ProxyProcess) throws -> Int {
    try proxy.metric(#"proxy_packets_received_total{direction="read",path="socket"}"#)
      + proxy.metric(#"proxy_packets_received_total{direction="write",path="socket"}"#)
  }

  /// Numbers of the datagrams that were answered, each once and from the address that clients send to.
  func takeAnswers() throws -> Set<Int> {
    var numbers: Set<Int> = []
    for client in clients {
      while let answer = try client.receive(within: .milliseconds(100)) {
        #expect(answer.source == Self.listener)
        let number = try #require(Int(String(decoding: answer.bytes, as: UTF8.self)))
        #expect(numbers.insert(number).inserted, "\(number) came twice")
      }
    }
    return numbers
  }

  /// The folder of what stays.
  func pinFolder() throws -> String {
    let namespace = try network.proxy.run {
      let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
      defer { close(socket) }
      var (cookie, size) = (UInt64(0), socklen_t(8))
      // SO_NETNS_COOKIE
      #expect(getsockopt(socket, SOL_SOCKET, 71, &cookie, &size) == 0)
      return cookie
    }
    return "/sys/fs/bpf/pinion/\(namespace)-any-7777"
  }

  /// Makes what was left look like that of a build with other tables.
  func changeLayout() throws {
    let header = bpf_obj_get(try pinFolder() + "/header")
    #expect(header >= 0)
    defer { close(header) }
    var (key, words) = (UInt32(0), [UInt64](repeating: 0, count: 64))
    #expect(bpf_map_lookup_elem(header, &key, &words) == 0)
    words[1] ^= 1
    #expect(bpf_map_update_elem(header, &key, &words, 0) == 0)
  }
}
