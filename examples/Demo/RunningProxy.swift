import FilterKit
import Glibc
import TestNetwork

/// The command `proxy` as a process of its own.
struct RunningProxy {
  private let process: ChildProcess
  /// Where clients send to.
  let address: SocketAddress
  /// Where the admin pages are.
  let admin: SocketAddress

  /// Starts it on ports that are free, and waits until it serves.
  init(configuration: String) throws {
    process = try .proxy([
      "run", "--config", configuration, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-format", "text",
    ])
    address = try Self.address(in: process.awaitLine(containing: "listening on "), after: "listening on ")
    admin = try Self.address(in: process.awaitLine(containing: "admin pages on "), after: "http://")
  }

  /// The text of its counters.
  func metrics() throws -> String { try HTTPAnswer.get("/metrics", from: admin).body }

  /// How many packets a filter dropped for a reason.
  func drops(by filter: String, _ reason: DropReason) throws -> Int {
    let series = "\(Metrics.drops){filter=\"\(filter)\",reason=\"\(reason)\"} "
    let line = try metrics().split(separator: "\n").first { $0.hasPrefix(series) }
    return line.flatMap { Int($0.dropFirst(series.count)) } ?? 0
  }

  /// Asks it to end, and waits for that. A second request spares the wait for the sessions to become idle.
  func stop() throws {
    try process.signal(SIGTERM)
    try process.awaitLine(containing: "draining")
    try process.signal(SIGTERM)
    let status = try process.awaitExit()
    guard status == .exited(0) else { throw Unexpected("the proxy ended with \(status):\n\(process.output)") }
  }

  private static func address(in line: String, after mark: String) throws -> SocketAddress {
    let words = line.split(separator: " ").map(String.init)
    for word in words {
      let text = word.hasPrefix(mark) ? String(word.dropFirst(mark.count)) : word
      if let address = try? SocketAddress(text) { return address }
    }
    throw Unexpected("no address in: \(line)")
  }
}

/// Something did not happen as it should.
struct Unexpected: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
