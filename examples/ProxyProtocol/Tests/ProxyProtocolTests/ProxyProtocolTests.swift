import FilterTesting
import ProxyProtocolFilter
import Testing

@Suite struct ProxyProtocolTests {
  @Test func itStaysOnTheSockets() throws {
    let trial = try FilterTrial(
      filters: .withProxyProtocol, chain: "- {name: ProxyProtocol, config: {destination: '203.0.113.7:7777'}}")
    #expect(trial.kernelRefusal?.reason.contains("has no packet program") == true)
  }

  @Test(arguments: try FilterCases(at: "cases.yaml", filters: .withProxyProtocol))
  func cases(_ example: FilterCase) throws { try example.run() }
}
