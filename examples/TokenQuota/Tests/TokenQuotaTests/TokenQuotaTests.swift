import FilterTesting
import Testing
import TokenQuotaFilter

@Suite struct TokenQuotaTests {
  private let chain = """
    - {name: Capture, config: {suffix: {size: 3, remove: true}}}
    - {name: TokenQuota, config: {tokens: [one, two], packets: 3}}
    """

  @Test func aTokenIsUsedUp() throws {
    let trial = try FilterTrial(filters: .withTokenQuota, chain: chain)
    for _ in 1...3 {
      let result = try trial.read("helloone")
      #expect(result.verdict == .forward && result.counters["token_quota_packets_total"] == 1)
    }
    #expect(try trial.read("helloone").verdict == .drop(.custom(0)))
    #expect(try trial.read("hellotwo").verdict == .forward)
    #expect(trial.kernelRefusal == nil)
  }

  @Test(arguments: try FilterCases(at: "cases.yaml", filters: .withTokenQuota))
  func cases(_ example: FilterCase) throws { try example.run() }

  @Test func thePathsAgree() throws {
    try Differential(
      filters: .withTokenQuota, chain: chain, payloads: ["helloone", "hellotwo", "hellosix"], packets: 2_000
    )
    .run()
  }
}
