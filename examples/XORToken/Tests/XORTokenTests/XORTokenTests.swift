import FilterTesting
import Testing
import XORTokenFilter

@Suite struct XORTokenTests {
  @Test func theTokenIsFoundUnderTheMask() throws {
    let trial = try FilterTrial(
      filters: .withXORToken,
      chain: """
        - {name: XORToken, config: {mask: 0x20, size: 3}}
        - {name: TokenRouter}
        """,
      endpoints: [
        TrialEndpoint("203.0.113.1:26000", tokens: ["one"]), TrialEndpoint("203.0.113.2:26000", tokens: ["two"]),
      ])
    let result = try trial.read("helloTWO")
    #expect(result.payload == "hello" && result.destinations == ["203.0.113.2:26000"])
    #expect(try trial.read("helloSIX").verdict == .drop(.tokenUnknown))
    #expect(try trial.read("x").verdict == .drop(.custom(0)))
    #expect(trial.kernelRefusal == nil)
  }

  @Test(arguments: try FilterCases(at: "cases.yaml", filters: .withXORToken))
  func cases(_ example: FilterCase) throws { try example.run() }

  @Test func thePathsAgree() throws {
    let sample = "{name: XORToken, config: {mask: 0x5a, size: 4}}"
    try Differential(filters: .withXORToken, including: [sample], payloads: ["payloadtokn"], packets: 2_000).run()
  }
}
