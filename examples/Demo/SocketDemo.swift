import FilterKit
import Glibc
import TestNetwork

/// The demo of the socket path, from its start to its end.
struct SocketDemo {
  private static let configuration = "examples/quickstart.yaml"
  private let servers: [EchoServer]
  private let proxy: ProxyProcess

  /// The addresses and tokens of the servers are those of the configuration file.
  init() throws {
    servers = [
      try EchoServer(bind: "127.0.0.1:26001", prefix: "red says "),
      try EchoServer(bind: "127.0.0.1:26002", prefix: "blue says "),
    ]
    proxy = try ProxyProcess(configuration: Self.configuration)
  }

  /// True where all was as expected.
  func run() throws -> Bool {
    introduce()
    let clients = [try Client("alice", at: "127.0.0.1:0"), try Client("bob", at: "127.0.0.1:0")]
    var isFine = true
    for step in Self.steps {
      let outcome = try step.run(by: clients[step.client], through: proxy)
      isFine = isFine && outcome.isExpected
      print(outcome.text)
    }
    try showCounters()
    try proxy.stop()
    print(isFine ? "\nAll as expected.\n" : "\nSomething was not as expected; see the lines with ✗.\n")
    return isFine
  }

  private static let steps = [
    Step(client: 0, "hello", token: "red-team", version: 1, expect: .answer("red says hello", server: "red")),
    Step(client: 0, "hello", token: "blueteam", version: 1, expect: .answer("blue says hello", server: "blue")),
    Step(client: 1, "moin", token: "red-team", version: 1, expect: .answer("red says moin", server: "red")),
    Step(client: 1, "let me in", token: "no-token", version: 1, expect: .drop(filter: "router", .tokenUnknown)),
    Step(
      client: 0, "from the future", token: "red-team", version: 9, expect: .drop(filter: "other-versions", .dropped)),
    Step(client: 1, "", token: "short", version: 1, expect: .drop(filter: "token", .captureNoValue)),
  ]

  private func introduce() {
    print(
      """

      Two game servers, a proxy between, two players. All on this machine, without root.

        red     \(servers[0].address)   has the token "red-team"
        blue    \(servers[1].address)   has the token "blueteam"
        proxy   \(proxy.address)   runs \(Self.configuration)

      A player's datagram is:  payload | token, 8 bytes | version, 1 byte.
      The servers send back what they get, with their name before it.

      """)
  }

  private func showCounters() throws {
    print("\nWhat the proxy counted, from http://\(proxy.admin)/metrics:\n")
    let shown = ["proxy_packets_", "proxy_sessions_active", Metrics.drops]
    for line in try proxy.metrics().split(separator: "\n") where shown.contains(where: { line.hasPrefix($0) }) {
      print("  \(line)")
    }
  }
}
