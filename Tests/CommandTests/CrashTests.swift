import FilterKit
import Glibc
import TestNetwork
import Testing

/// A filter that crashes ends the proxy, and the last thing that the proxy says is which one it was.
@Suite struct CrashTests {
  /// Swift's own report of a crash takes long.
  private static let quiet = ["SWIFT_BACKTRACE": "enable=no"]
  private let files: TemporaryDirectory
  private let server: EchoServer

  init() throws {
    files = try TemporaryDirectory()
    server = try EchoServer(bind: "127.0.0.1:0", prefix: "echo ")
  }

  private func configuration(_ options: String = "{}") throws -> String {
    try files.write(
      """
      version: v1alpha1
      filters:
        - {name: Crash, label: first}
        - {name: Crash, label: "the second", config: \(options)}
      clusters:
        - endpoints: [{address: "\(server.address)"}]
      """, to: "proxy.yaml")
  }

  @Test(arguments: [
    ("t", SIGILL, "SIGILL"), ("m", SIGSEGV, "SIGSEGV"), ("s", SIGSEGV, "SIGSEGV"), ("a", SIGABRT, "SIGABRT"),
  ]) func aCrashNamesItsFilter(packet: String, signal: Int32, name: String) throws {
    let proxy = try ProxyProcess(
      configuration: try configuration(), executable: "CrashingProxy", environment: Self.quiet)
    let client = try UDPSocket(bind: "127.0.0.1:0")
    try client.send(Array("well".utf8), to: proxy.address)
    #expect(try client.receive() != nil)
    try client.send(Array(packet.utf8), to: proxy.address)
    #expect(try proxy.process.awaitExit() == .signalled(signal))
    let lines = proxy.process.output.split(separator: "\n").filter { $0.contains("' crashed: ") }
    #expect(lines.count == 1 && lines[0].hasPrefix("the filter 'first' crashed: \(name), "), "\(proxy.process.output)")
  }

  @Test func aFilterThatCrashesWhenItIsMadeIsNamedToo() throws {
    let file = try configuration("{at_once: true}")
    let check = try ChildProcess.proxy(
      ["check", "--config", file], executable: "CrashingProxy", environment: Self.quiet)
    #expect(try check.awaitExit() == .signalled(SIGABRT))
    #expect(check.output.hasPrefix("the filter 'the second' crashed: SIGABRT, "), "\(check.output)")
  }

  @Test func aSignalFromOutsideIsNoFilters() throws {
    let proxy = try ProxyProcess(
      configuration: try configuration(), executable: "CrashingProxy", environment: Self.quiet)
    try proxy.process.signal(SIGSEGV)
    #expect(try proxy.process.awaitExit() == .signalled(SIGSEGV))
    #expect(!proxy.process.output.contains("' crashed: "))
  }
}
