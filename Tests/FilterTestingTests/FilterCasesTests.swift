import FilterKit
import FilterTesting
import Filters
import TestNetwork
import Testing

/// Files of cases, as authors of filters have them.
@Suite struct FilterCasesTests {
  /// A folder with one file of cases, as `read` finds it.
  private func cases(_ text: String, filters: FilterRegistry = .builtin) throws -> FilterCases {
    let folder = try TemporaryDirectory()
    try folder.write(text, to: "cases.yaml")
    return try FilterCases(at: folder.path, filters: filters)
  }

  @Test func casesOfAFilterRunInOneLine() throws {
    try FilterCases(at: "../../filters/Drop", filters: .builtin).run()
  }

  @Test(arguments: try FilterCases(at: "../../filters/PacketSize/cases.yaml", filters: .builtin))
  func casesRunAsArguments(_ test: FilterCase) throws { try test.run() }

  @Test func wrongExpectationsFail() throws {
    let cases = try cases(
      """
      - name: the payload
        filters: [{name: Capture, config: {suffix: {size: 2, remove: true}}}]
        steps: [{read: hello, payload: helloo}]
      - name: the metadata
        filters: [{name: Capture, config: {suffix: {size: 2, remove: true}}}]
        steps: [{read: hello, payload: hel, metadata: {quilkin.dev/capture: xx}}]
      - name: the reason
        filters: [{name: Drop}]
        steps: [{read: hello, drop: packet_size}]
        counters: {Drop: {dropped: 1}}
      - name: the counters
        filters: [{name: Drop}]
        steps: [{read: hello, drop: dropped}]
      - name: the verdict
        filters: [{name: Drop}]
        steps: [{write: hello}]
        counters: {Drop: {dropped: 1}}
      - name: the endpoint
        endpoints: [{address: "203.0.113.1:1"}, {address: "203.0.113.2:1"}]
        filters: []
        steps: [{read: hello, to: ["203.0.113.1:1"]}]
      - name: what is right
        filters: []
        steps: [{read: hello}]
      """)
    #expect(cases.count == 7)
    let error = #expect(throws: CasesFailed.self) { try cases.run() }
    let problems = error?.problems.map { $0.split(separator: ": ", maxSplits: 2).last.map(String.init) ?? "" }
    #expect(
      problems == [
        "the filters alone: line 3: the payload is \"hel\", expected \"helloo\"",
        "the filters alone: line 6: metadata 'quilkin.dev/capture' is \"lo\", expected \"xx\"",
        "the filters alone: line 9: was dropped as dropped, expected packet_size",
        "the filters alone: drops are Drop: dropped 1, expected none",
        "the filters alone: line 16: was dropped as dropped, expected to be forwarded",
        "the filters alone: line 21: went to [\"203.0.113.1:1\", \"203.0.113.2:1\"], expected [\"203.0.113.1:1\"]",
      ])
  }

  @Test(.requiresNamespaces) func aFilterThatDiffersInTheKernelFailsThere() throws {
    let cases = try cases(
      """
      - name: two faces
        filters:
          - name: TwoFaced
            config:
              sockets: {name: Capture, config: {suffix: {size: 1, remove: true}}}
              kernel: {name: Capture, config: {suffix: {size: 1}}}
        steps: [{read: hello, payload: hell}]
      """, filters: .withFakes)
    let error = #expect(throws: CasesFailed.self) { try cases.run() }
    #expect(error?.problems.count == 1)
    #expect(
      error?.description.hasSuffix(
        "cases.yaml:1: two faces: the kernel: line 7: the payload is \"hello\", expected \"hell\"")
        == true)
  }

  @Test func mistakesInAFileAreListed() throws {
    let error = #expect(throws: CasesUnreadable.self) { try cases("- {name: a, filters: [], setps: []}") }
    #expect(error?.description.contains("cases.yaml:1:26: unknown key 'setps' (did you mean 'steps'?)") == true)
    #expect(throws: CasesUnreadable.self) { try FilterCases(at: "no-such-file.yaml", filters: .builtin) }
    #expect(throws: CasesUnreadable.self) { try FilterCases(at: "no-such-folder", filters: .builtin) }
  }
}
