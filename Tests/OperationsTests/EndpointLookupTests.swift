import FilterKit
import Logging
import ProxyConfiguration
import SocketPath
import Synchronization
import TestNetwork
import Testing

@testable import Operations

@Suite struct EndpointLookupTests {
  private func endpoints(_ addresses: String...) throws -> [Endpoint] {
    try addresses.map { Endpoint(address: try EndpointAddress($0)) }
  }

  private func configuration(_ addresses: String...) throws -> Configuration {
    let list = addresses.enumerated().map { number, address in
      "{address: '\(address)', metadata: {quilkin.dev: {tokens: [\(["YQ==", "Yg==", "Yw=="][number])]}}}"
    }
    return try ConfigurationFile.read(
      "{version: v1alpha1, clusters: [{endpoints: [\(list.joined(separator: ", "))]}]}", file: "f",
      registry: FilterRegistry(), metrics: Metrics())
  }

  private func names(
    _ metrics: Metrics = Metrics(), find: @escaping EndpointNames.Find = EndpointLookup.find
  ) -> EndpointNames {
    EndpointNames(metrics, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, find: find)
  }

  /// What a resolver says, until it says something else.
  private final class Answers: Sendable {
    let addresses = Mutex<[String: [String]]>([:])

    func set(_ name: String, _ texts: String...) { addresses.withLock { $0[name] = texts } }

    func find(_ name: String) -> Result<[SocketAddress], EndpointLookup.Failure> {
      let texts = addresses.withLock { $0[name] ?? [] }
      let found = texts.map { SocketAddress(SocketAddress(literal: "\($0):1").ip, port: 0) }
      return found.isEmpty ? .failure(EndpointLookup.Failure(reason: "nobody knows")) : .success(found)
    }
  }

  @Test("A name keeps its address while that is one of its answers, and while there is no answer")
  func kept() throws {
    let (answers, metrics) = (Answers(), Metrics())
    let names = names(metrics, find: answers.find)
    let all = try endpoints("a.test:7", "192.0.2.9:9")
    func address() throws -> String { "\(try names.addresses(of: all)[0])" }
    func lookUps(_ result: String) -> UInt64 {
      metrics.counter("proxy_endpoint_lookups_total", help: "", labels: [("result", result)]).total(in: metrics)
    }
    #expect(throws: EndpointLookupError.self) { try address() }
    #expect(lookUps("failed") == 1)
    answers.set("a.test", "192.0.2.1", "192.0.2.2")
    #expect(try address() == "192.0.2.1:7")
    answers.set("a.test", "192.0.2.2", "192.0.2.1")
    names.refresh(all)
    #expect(try address() == "192.0.2.1:7")
    answers.set("a.test")
    names.refresh(all)
    #expect(try address() == "192.0.2.1:7")
    #expect(lookUps("failed") == 2)
    answers.set("a.test", "192.0.2.3")
    names.refresh(all)
    #expect(try address() == "192.0.2.3:7")
    #expect(lookUps("good") == 3)
    // What no configuration has any more is forgotten.
    names.refresh([])
    answers.set("a.test")
    #expect(throws: EndpointLookupError.self) { try address() }
  }

  @Test("Addresses stay as they are, and names become addresses with the same port")
  func found() throws {
    let addresses = try names().addresses(of: endpoints("192.0.2.1:1", "localhost:2", "[2001:db8::1]:3"))
    #expect(addresses[0] == (try SocketAddress("192.0.2.1:1")))
    #expect(addresses[1].ip.isLoopback)
    #expect(addresses[1].port == 2)
    #expect(addresses[2] == (try SocketAddress("[2001:db8::1]:3")))
  }

  @Test("Each name that leads nowhere is named")
  func notFound() throws {
    // RFC 6761 keeps this domain empty for ever.
    #expect {
      _ = try names().addresses(of: endpoints("one.invalid:1", "192.0.2.1:2", "two.invalid:3"))
    } throws: { error in
      let lines = (error as? EndpointLookupError)?.lines ?? []
      return lines.count == 2
        && lines[0].hasPrefix("endpoint one.invalid:1: its name cannot be looked up: ")
        && lines[1].hasPrefix("endpoint two.invalid:3: its name cannot be looked up: ")
    }
  }

  @Test("Two names of one server are one endpoint with the tokens of both, and a warning")
  func sameServer() throws {
    let ip = try names().addresses(of: endpoints("localhost:5"))[0]
    let applied = try AppliedConfiguration(
      try configuration("localhost:5", "\(ip)", "192.0.2.1:5"), file: "f", names: names())
    #expect(applied.routing.endpoints.map(\.address) == [ip, try SocketAddress("192.0.2.1:5")])
    #expect(applied.routing.endpoints[0].tokens == [Array("a".utf8), Array("b".utf8)])
    #expect(applied.warnings == ["the endpoints localhost:5 and \(ip) are both \(ip), and count as one"])
    #expect(applied.summary == "f: 0 filters, 2 endpoints, 3 tokens")
  }
}

extension Counter {
  fileprivate func total(in metrics: Metrics) -> UInt64 { metrics.total(self) }
}
