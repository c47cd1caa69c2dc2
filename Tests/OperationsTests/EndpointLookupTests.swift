import FilterKit
import ProxyConfiguration
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

  @Test("Addresses stay as they are, and names become addresses with the same port")
  func found() throws {
    let addresses = try EndpointLookup.addresses(of: endpoints("192.0.2.1:1", "localhost:2", "[2001:db8::1]:3"))
    #expect(addresses[0] == (try SocketAddress("192.0.2.1:1")))
    #expect(addresses[1].ip.isLoopback)
    #expect(addresses[1].port == 2)
    #expect(addresses[2] == (try SocketAddress("[2001:db8::1]:3")))
  }

  @Test("Each name that leads nowhere is named")
  func notFound() throws {
    // RFC 6761 keeps this domain empty for ever.
    #expect {
      _ = try EndpointLookup.addresses(of: endpoints("one.invalid:1", "192.0.2.1:2", "two.invalid:3"))
    } throws: { error in
      let lines = (error as? EndpointLookupError)?.lines ?? []
      return lines.count == 2
        && lines[0].hasPrefix("endpoint one.invalid:1: its name cannot be looked up: ")
        && lines[1].hasPrefix("endpoint two.invalid:3: its name cannot be looked up: ")
    }
  }

  @Test("Two names of one server are one endpoint with the tokens of both, and a warning")
  func sameServer() throws {
    let ip = try EndpointLookup.addresses(of: endpoints("localhost:5"))[0]
    let applied = try AppliedConfiguration(try configuration("localhost:5", "\(ip)", "192.0.2.1:5"), file: "f")
    #expect(applied.routing.endpoints.map(\.address) == [ip, try SocketAddress("192.0.2.1:5")])
    #expect(applied.routing.endpoints[0].tokens == [Array("a".utf8), Array("b".utf8)])
    #expect(applied.warnings == ["the endpoints localhost:5 and \(ip) are both \(ip), and count as one"])
    #expect(applied.summary == "f: 0 filters, 2 endpoints, 3 tokens")
  }
}
