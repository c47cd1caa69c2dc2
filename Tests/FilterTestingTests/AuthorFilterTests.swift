import AuthorFilters
import FilterKit
import FilterTesting
import TestNetwork
import Testing

/// The tests that an author writes of a filter with a packet program of its own.
@Suite struct AuthorFilterTests {
  private static let peel = "{name: Peel, config: {size: 4}}"

  @Test func theFilterWorksInEveryEngine() throws {
    let trial = try FilterTrial(filters: .authors, chain: "- \(Self.peel)")
    let result = try trial.read("tokenpayload", from: "192.0.2.1:4000")
    #expect(result.verdict == .forward && result.payload == "npayload")
    #expect(result.metadata["quilkin.dev/capture"] == "toke")
    #expect(try trial.read("tok").verdict == .drop(.captureNoValue))
    #expect(try trial.write("answer").payload == "an")
    #expect(trial.kernelRefusal == nil)
  }

  @Test func aReasonOfTheFiltersOwnHasItsNameAndItsNumber() throws {
    let trial = try FilterTrial(filters: .authors, chain: "- {name: ConnectionID, config: {size: 8}}")
    let result = try trial.read([])
    #expect(result.verdict == .drop(.custom(0)))
    #expect(result.dropReason == "no_connection_id" && result.droppedBy == "ConnectionID")
  }

  @Test func theCasesHold() throws {
    let folder = try TemporaryDirectory()
    try folder.write(
      """
      - name: a token is taken off
        filters: [\(Self.peel), {name: TokenRouter}]
        endpoints: [{address: "203.0.113.1:26000", tokens: [toke]}, {address: "203.0.113.2:26000"}]
        steps:
          - {read: tokenpayload, payload: npayload, to: ["203.0.113.1:26000"], metadata: {quilkin.dev/capture: toke}}
          - {read: tok, drop: capture_no_value}
          - {write: answer, payload: an}
          - {write: ans, drop: packet_size}
        counters: {Peel: {capture_no_value: 1, packet_size: 1}}
      """, to: "cases.yaml")
    try FilterCases(at: folder.path, filters: .authors).run()
  }

  @Test func thePathsAgree() throws {
    let tally = try Differential(
      filters: .authors, including: [Self.peel, "{name: Peel, config: {size: 1}}"], payloads: ["tokenpayload"],
      packets: 1_000
    ).run()
    guard let tally else { return }
    #expect(tally.chains == 5 && tally.packets == 1_000)
  }
}
