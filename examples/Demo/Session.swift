import FilterKit
import TestNetwork

/// A player and a server that talk to each other, and which path of the proxy carried their datagrams.
struct Session {
  struct Server {
    let name: String
    let token: String
    /// Where it is, in words.
    let way: String
    let echo: EchoServer

    init(_ name: String, token: String, way: String, _ echo: EchoServer) {
      self.name = name
      self.token = token
      self.way = way
      self.echo = echo
    }
  }

  let client: Client
  let server: Server
  let proxy: ProxyProcess
  /// Where the player sends to.
  let address: SocketAddress

  // So few that no queue on the way is full.
  private static let burst = 50
  private static let widths = [5, 6, 24, 7, 9, 9, 12, 12, 12]

  static var heading: String {
    let lines = [
      ["", "", "", "", "at the", "", "by sockets", "by kernel", "source port"],
      ["from", "to", "which is", "sent", "server", "back", "there+back", "there+back", "at the server"],
    ]
    return lines.map { "    \(row($0))" }.joined(separator: "\n")
  }

  /// Sends datagrams, the first alone and the others in bursts, and compares what comes back byte for byte.
  func run(packets: Int) throws -> Outcome {
    let sourcesBefore = server.echo.sources
    let receivedBefore = server.echo.received
    let before = try Load(proxy)
    var right = try exchange(0..<1)
    for start in stride(from: 1, to: packets, by: Self.burst) {
      right += try exchange(start..<min(start + Self.burst, packets))
    }
    let after = try Load(proxy)
    let arrived = server.echo.received - receivedBefore
    let sources = server.echo.sources.subtracting(sourcesBefore)
    let there = after.bySockets.there - before.bySockets.there
    let back = after.bySockets.back - before.bySockets.back
    // The first makes the session. A few more may go by the sockets where the kernel does not know a neighbour for a moment.
    let few = packets / 20
    let isExpected =
      arrived == packets && right == packets && sources.count == 1 && (1...few).contains(there) && back <= few
    let handOvers = after.handOvers.filter { before.handOvers[$0.key] != $0.value }.keys.sorted().map { cause in
      "\(cause) \(after.handOvers[cause]! - (before.handOvers[cause] ?? 0))"
    }
    // The first packet finds no session. Of any other it is said why the kernel left it to the sockets.
    let causes = there + back > 2 ? "  (left to the sockets: \(handOvers.joined(separator: ", ")))" : ""
    let ports = sources.map { "\($0.port)" }.sorted().joined(separator: " ")
    let text = Self.row([
      client.name, server.name, server.way, "\(packets)", "\(arrived)", "\(right)", "\(there)+\(back)",
      "\(arrived - there)+\(right - back)", ports,
    ])
    return Outcome(isExpected, text + causes)
  }

  /// How many answers came as they should.
  private func exchange(_ numbers: Range<Int>) throws -> Int {
    for number in numbers { try client.send("datagram \(number)", token: server.token, to: address) }
    // Of one burst those by the kernel may overtake those by the sockets.
    var expected = Set(numbers.map { Array("\(server.name) says datagram \($0)".utf8) })
    var right = 0
    for _ in numbers {
      guard let answer = try client.socket.receive(within: .seconds(2)) else { break }
      if answer.source == address, expected.remove(answer.bytes) != nil { right += 1 }
    }
    return right
  }

  private static func row(_ cells: [String]) -> String {
    zip(cells, widths).map { $0.padded(to: $1) }.joined(separator: " ")
  }

  /// What the proxy has carried so far.
  private struct Load {
    let bySockets: (there: Int, back: Int)
    /// By their cause.
    let handOvers: [String: Int]

    init(_ proxy: ProxyProcess) throws {
      bySockets = (
        try proxy.metric("proxy_packets_received_total{direction=\"read\",path=\"socket\"}"),
        try proxy.metric("proxy_packets_received_total{direction=\"write\",path=\"socket\"}")
      )
      var handOvers: [String: Int] = [:]
      for line in try proxy.metrics().split(separator: "\n") where line.hasPrefix("proxy_hand_overs_total{") {
        let parts = line.split(separator: "\"")
        handOvers[String(parts[1])] = parts.last.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) }
      }
      self.handOvers = handOvers
    }
  }
}
