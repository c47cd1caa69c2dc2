import CBpf
import FilterKit
import Glibc
import Synchronization
import TestNetwork
import Testing

/// Clients and two servers around a proxy that is left and taken over, of both families: also a client of one and its server of the
/// other. What the proxy leaves at the end of the test is removed.
final class StayNetwork: Sendable {
  let network = try! ProxyNetwork()
  let servers: [EchoServer]
  let clients: [UDPSocket]
  let routes: Routes
  private let answers = Mutex<Set<Int>>([])
  /// Where a client of a number sends to.
  private static let listeners = [SocketAddress(literal: "10.1.0.1:7777"), SocketAddress(literal: "[fd01::1]:7777")]
  static func listener(_ client: Int) -> SocketAddress { listeners[client % 2] }

  init(clients: Int = 8) throws {
    servers = [
      try EchoServer(bind: "10.1.0.3:9000", in: network.near), try EchoServer(bind: "[fd03::2]:9000", in: network.far),
    ]
    routes = try Routes([("a", servers[0].address), ("b", servers[1].address)])
    self.clients = try (0..<clients).map { [network] number in
      try UDPSocket(bind: ["10.1.0.2:0", "[fd01::2]:0"][number % 2], in: network.client)
    }
  }

  deinit { _ = try? detach() }

  /// One for each client and server.
  var sessionCount: Int { clients.count * servers.count }

  /// Starts the proxy and waits for the kernel path.
  func start(_ arguments: [String] = ["--stay"], workers: Int = 2) throws -> ProxyProcess {
    let proxy = try ProxyProcess(
      "ebpf", configuration: routes.file, listen: "[::]:7777", ["--workers", "\(workers)"] + arguments,
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
    try routes.change(
      to: [("a", servers[0].address), ("b", servers[1].address)],
      first: "{name: Debug}")
  }

  /// Runs `proxy detach`.
  func detach(_ arguments: String...) throws -> (status: TestNetwork.ExitStatus, output: String) {
    let process = try ChildProcess.proxy(["detach"] + arguments, in: network.proxy)
    return (try process.awaitExit(), process.output)
  }

  /// Sends a numbered datagram: in turns from each client to each server.
  func send(_ number: Int) throws {
    let token = number / clients.count % servers.count == 0 ? "a" : "b"
    try clients[number % clients.count].send(
      Self.payload(number) + token.utf8, to: Self.listener(number % clients.count))
  }

  /// A number as six digits, and two bytes that make the checksums of all numbers one. Of the datagrams whose checksum the sender leaves
  /// to hardware, one in 65,536 looks as if it was finished. The program leaves it to the sockets, and here may be nobody.
  private static func payload(_ number: Int) -> [UInt8] {
    let digits = Array(String(1_000_000 + number).utf8.dropFirst())
    let sum = stride(from: 0, to: 6, by: 2).reduce(0) { $0 + Int(digits[$1]) << 8 + Int(digits[$1 + 1]) }
    return digits + [UInt8((0xffff - sum) >> 8), UInt8((0xffff - sum) & 0xff)]
  }

  /// Numbered datagrams, one from each client every millisecond or so.
  func stream() throws -> PacketStream {
    try PacketStream { round in
      for client in self.clients.indices {
        try self.send(round * self.clients.count + client)
        // A socket has no room for all answers.
        while let answer = try self.clients[client].receiveNow() { try self.note(answer, of: client) }
      }
    }
  }

  private func note(_ answer: Datagram, of client: Int) throws {
    #expect(answer.source == Self.listener(client))
    let number = try #require(Int(String(decoding: answer.bytes.prefix(6), as: UTF8.self)))
    #expect(answers.withLock { $0.insert(number).inserted }, "\(number) came twice")
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
      #expect(answer.source == Self.listener(number % clients.count))
      answers.insert(answer.bytes)
    }
    #expect(answers.count == sessionCount)
  }

  private func bySockets(_ proxy: ProxyProcess) throws -> Int {
    try proxy.metric(#"proxy_packets_received_total{direction="read",path="socket"}"#)
      + proxy.metric(#"proxy_packets_received_total{direction="write",path="socket"}"#)
  }

  /// Numbers of the datagrams of the stream that were answered, each once and from the address that its client sends to. Waits for
  /// all that were sent.
  func takeAnswers(of sent: Int, within time: Duration = .patience) throws -> Set<Int> {
    _ = try eventually(within: time) {
      for (place, client) in clients.enumerated() {
        while let answer = try client.receiveNow() { try note(answer, of: place) }
      }
      return answers.withLock { $0.count } == sent
    }
    return answers.withLock { $0 }
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

  /// Makes what was left look like that of a build with other tables: larger ones, under another checksum.
  func changeLayout() throws {
    let header = bpf_obj_get(try pinFolder() + "/header")
    #expect(header >= 0)
    defer { close(header) }
    var (key, words) = (UInt32(0), [UInt64](repeating: 0, count: 64))
    #expect(bpf_map_lookup_elem(header, &key, &words) == 0)
    words[1] ^= 1
    #expect(bpf_map_update_elem(header, &key, &words, 0) == 0)
    for name in ["sessions", "replies"] { try enlarge(name) }
  }

  /// Puts a table with longer keys and values, and as many entries, in the place of one that is pinned.
  private func enlarge(_ name: String) throws {
    let path = try pinFolder() + "/" + name
    let old = bpf_obj_get(path)
    #expect(old >= 0)
    defer { close(old) }
    var info = bpf_map_info()
    var size = UInt32(MemoryLayout<bpf_map_info>.size)
    #expect(bpf_obj_get_info_by_fd(old, &info, &size) == 0)
    let new = bpf_map_create(BPF_MAP_TYPE_HASH, "other", info.key_size + 8, info.value_size + 8, info.max_entries, nil)
    #expect(new >= 0)
    defer { close(new) }
    var key = [UInt8](repeating: 0, count: Int(info.key_size) + 8)
    let value = [UInt8](repeating: 0xff, count: Int(info.value_size) + 8)
    var result = bpf_map_get_next_key(old, nil, &key)
    while result == 0 {
      #expect(bpf_map_update_elem(new, key, value, 0) == 0)
      let last = key
      result = bpf_map_get_next_key(old, last, &key)
    }
    #expect(unlink(path) == 0 && bpf_obj_pin(new, path) == 0)
  }
}
