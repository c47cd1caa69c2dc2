public import FilterKit
import Glibc

/// The command `proxy` as a process of its own, serving on ports that were free.
public final class ProxyProcess: Sendable {
  public let process: ChildProcess
  /// Where clients send to.
  public let address: SocketAddress
  /// Where the admin pages are.
  public let admin: SocketAddress

  private let namespace: NetworkNamespace?

  /// Starts the proxy and waits until it serves.
  /// - Parameters:
  ///   - command: `run` or `ebpf`.
  ///   - listen: Where clients are to send to; on 127.0.0.1 where left out. The system chooses port 0.
  ///   - arguments: What is added to the addresses.
  ///   - executable: The command, or another one with more filters, in the folder that SwiftPM builds into.
  ///   - files: Files that it finds in the place of others, by the paths of these.
  ///   - namespace: The network that it lives in; that of the calling thread where left out.
  public init(
    _ command: String = "run", configuration: String, listen: String = "127.0.0.1:0", _ arguments: [String] = [],
    executable: String = "proxy", environment: [String: String] = [:], files: [String: String] = [:],
    in namespace: NetworkNamespace? = nil
  ) throws {
    let fixed = ["--listen", listen, "--admin", "127.0.0.1:0", "--log-format", "text"]
    self.namespace = namespace
    process = try .proxy(
      [command, "--config", configuration] + fixed + arguments, executable: executable, environment: environment,
      files: files, in: namespace)
    address = try Self.address(in: process.awaitLine(containing: "listening on "))
    admin = try Self.address(in: process.awaitLine(containing: "admin pages on "))
  }

  /// The text of the admin page with the counters.
  public func metrics() throws -> String { try HTTPAnswer.get("/metrics", from: admin, in: namespace).body }

  /// The value of a series, by its name and labels as they are printed; 0 where it is not there.
  public func metric(_ series: String) throws -> Int {
    let line = try metrics().split(separator: "\n").first { $0.hasPrefix(series + " ") }
    return line.flatMap { Int($0.dropFirst(series.utf8.count + 1)) } ?? 0
  }

  /// How many packets a filter, or the proxy itself under an empty name, dropped for a reason.
  public func drops(by filter: String, _ reason: DropReason) throws -> Int {
    try metric("\(Metrics.drops){filter=\"\(filter)\",reason=\"\(reason)\"}")
  }

  /// Asks it to end at once, and waits for that.
  /// - Throws: `UnexpectedEnd` where it did not end as asked.
  public func stop() throws {
    try process.signal(SIGTERM)
    try process.awaitLine(containing: "draining")
    try process.signal(SIGTERM)
    let status = try process.awaitExit()
    guard status == .exited(0) else { throw UnexpectedEnd(status: status, output: process.output) }
  }

  private static func address(in line: String) throws -> SocketAddress {
    for word in line.split(separator: " ") {
      let text = word.hasPrefix("http://") ? word.dropFirst(7) : word
      if let address = try? SocketAddress(String(text)) { return address }
    }
    throw AddressMissing(line: line)
  }
}

/// The proxy ended otherwise than asked.
public struct UnexpectedEnd: Error, CustomStringConvertible, Sendable {
  let status: ExitStatus
  let output: String
  public var description: String { "the proxy ended with \(status) and printed:\n\(output)" }
}

/// A line of the proxy has no address where one should be.
public struct AddressMissing: Error, CustomStringConvertible, Sendable {
  let line: String
  public var description: String { "no address in: \(line)" }
}
