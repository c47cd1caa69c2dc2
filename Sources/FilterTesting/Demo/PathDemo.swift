import FilterKit
import Glibc
import TestNetwork

/// A client, a proxy with filters of one's own, and a server, each in a network of its own: real datagrams, and who carried them.
///
/// ```swift
/// PathDemo(command: "xor-token-proxy", configuration: "proxy.yaml", datagrams: ["hello"]).main()
/// ```
///
/// The proxy is started as `command ebpf --config configuration` and listens on 10.1.0.1:7777. The configuration sends to the server at
/// 10.1.0.3:26001, which sends back what it gets. It needs root, ends by itself, and leaves nothing behind.
public struct PathDemo {
  private let command: String
  private let configuration: String
  private let datagrams: [Payload]

  /// How often each datagram is sent, and how many at once: so few that no queue on the way is full.
  private static let repetitions = 100
  private static let burst = 25
  private static let server = "10.1.0.3:26001"

  /// - Parameters:
  ///   - command: the executable, in the folder that this one was built into.
  ///   - configuration: the path of the configuration file.
  ///   - datagrams: what the client sends, each a hundred times.
  public init(command: String, configuration: String, datagrams: [Payload]) {
    self.command = command
    self.configuration = configuration
    self.datagrams = datagrams
  }

  /// Shows what becomes of the datagrams, and ends the process: with 0 where the kernel carried some, with 1 where it did not.
  public func main() -> Never {
    do {
      exit(try run() ? 0 : 1)
    } catch {
      print("\nThe demo cannot go on: \(error)")
      exit(1)
    }
  }

  private func run() throws -> Bool {
    if let reason = NetworkNamespace.unavailability { throw DemoNeedsRoot(reason: reason) }
    let network = try ProxyNetwork()
    let server = try EchoServer(bind: Self.server, in: network.near)
    let proxy = try ProxyProcess(
      "ebpf", configuration: configuration, listen: "10.1.0.1:7777", executable: command, in: network.proxy)
    let client = try UDPSocket(bind: "10.1.0.2:0", in: network.client)
    print(
      """

        client 10.1.0.2 ── \(proxy.address) \(command) ── \(Self.server) server

      \(command) ebpf --config \(configuration)
      \(try proxy.process.awaitLine(containing: "path: "))

      Each datagram is sent \(Self.repetitions) times. The first of a session goes by the sockets, which make the session.

      """)
    var isByKernel = false
    for datagram in datagrams {
      let before = try Totals(proxy)
      let answer = try send(datagram, from: client, through: proxy, before)
      let change = try Totals(proxy).since(before)
      print("  \(datagram)")
      print("    read:  \(change.kernelRead) by the kernel, \(change.socketRead) by the sockets")
      if change.kernelWrite + change.socketWrite > 0 {
        print("    write: \(change.kernelWrite) by the kernel, \(change.socketWrite) by the sockets")
      }
      for (series, count) in change.drops { print("    dropped \(count): \(series)") }
      if let answer { print("    came back as \(answer)") }
      isByKernel = isByKernel || change.kernelRead > 0
    }
    print("\n  the server got \(server.received) datagrams")
    try proxy.stop()
    print(isByKernel ? "\nThe kernel carried datagrams.\n" : "\nThe kernel carried nothing: see 'path' above.\n")
    return isByKernel
  }

  /// Sends a datagram again and again; gives the last answer.
  private func send(
    _ datagram: Payload, from client: UDPSocket, through proxy: ProxyProcess, _ before: Totals
  ) throws -> Payload? {
    var answer: Payload?
    var sent = 0
    while sent < Self.repetitions {
      // The first alone, so that the others find its session.
      let count = sent == 0 ? 1 : min(Self.burst, Self.repetitions - sent)
      for _ in 0..<count { try client.send(datagram.bytes, to: proxy.address) }
      sent += count
      let isThrough = try eventually(within: .seconds(3)) {
        while let received = try client.receiveNow() { answer = Payload(received.bytes) }
        let change = try Totals(proxy).since(before)
        return change.kernelRead + change.socketRead >= sent && change.isAnswered
      }
      guard isThrough else { break }
    }
    while let received = try client.receiveNow() { answer = Payload(received.bytes) }
    return answer
  }

  /// What a proxy has counted.
  private struct Totals {
    private var series: [String: Int] = [:]

    init(_ proxy: ProxyProcess) throws {
      for line in try proxy.metrics().split(separator: "\n") {
        guard !line.hasPrefix("#"), let space = line.lastIndex(of: " "),
          let value = Int(line[line.index(after: space)...])
        else { continue }
        series[String(line[..<space])] = value
      }
    }

    func since(_ before: Totals) -> Totals {
      var change = self
      change.series = series.merging(before.series) { $0 - $1 }
      return change
    }

    var kernelRead: Int { received("read", "kernel") }
    var socketRead: Int { received("read", "socket") }
    var kernelWrite: Int { received("write", "kernel") }
    var socketWrite: Int { received("write", "socket") }
    /// Whether the server's answers have come back as far as the proxy.
    var isAnswered: Bool { sent("kernel") + sent("socket") <= kernelWrite + socketWrite }

    /// The drops by what tells them apart, for example `{filter="XORToken",reason="wrong_token"}`.
    var drops: [(series: String, count: Int)] {
      series.filter { $0.key.hasPrefix(Metrics.drops) && $0.value > 0 }.sorted { $0.key < $1.key }
        .map { (String($0.key.dropFirst(Metrics.drops.count)), $0.value) }
    }

    private func received(_ direction: String, _ path: String) -> Int {
      series["proxy_packets_received_total{direction=\"\(direction)\",path=\"\(path)\"}"] ?? 0
    }
    private func sent(_ path: String) -> Int {
      series["proxy_packets_sent_total{direction=\"read\",path=\"\(path)\"}"] ?? 0
    }
  }
}

/// The demo was started without the privileges that it needs.
private struct DemoNeedsRoot: Error, CustomStringConvertible {
  let reason: String
  var description: String { "\(reason). It loads a program into the kernel too: sudo make demo-ebpf" }
}
