import AuthorFilters
import FilterKit
import FilterTesting
import Filters
import TestNetwork
import Testing

/// Random chains and packets through both paths.
@Suite struct DifferentialTests {
  @Test func pathsAgree() throws {
    guard let tally = try Differential(filters: .builtin, packets: 12_000).run() else { return }
    // Nothing would be tested otherwise.
    #expect(tally.sent * 10 > tally.packets && tally.dropped > 0 && tally.handedOver > 0 || tally.chains < 50)
  }

  @Test func pathsAgreeAboutOneChain() throws {
    let tally = try Differential(
      filters: .builtin,
      chain: """
        - {name: PacketSize, config: {max: 60}}
        - name: Capture
          config: {prefix: {size: 4, remove: true}}
        """, payloads: ["token" + [0, 1, 2]], packets: 1_000
    ).run()
    guard let tally else { return }
    #expect(tally.chains == 5 && tally.packets == 1_000 && tally.sent > 100 && tally.dropped > 100)
  }

  @Test(.requiresNamespaces) func aFilterThatDiffersIsFoundAndMadeSmall() throws {
    let sample = """
      {name: TwoFaced, config: {
        sockets: {name: PacketSize, config: {min: 0, max: 40}}, kernel: {name: PacketSize, config: {min: 0, max: 41}}}}
      """
    let error = #expect(throws: PathsDiffer.self) {
      try Differential(
        filters: .withFakes, including: [sample], payloads: [Payload("a") * 41, Payload("a") * 40], packets: 200
      ).run()
    }
    let finding = try #require(error?.findings.first)
    #expect(finding.hasPrefix("seed "))
    // One filter and one packet are left.
    let smallest = finding.split(separator: "\n").drop { !$0.hasPrefix("at its smallest") }
    #expect(smallest.count { $0.contains("    - {name: ") } == 1, "\(finding)")
    #expect(smallest.count { $0.contains("    - {read: ") || $0.contains("    - {write: ") } == 1, "\(finding)")
  }

  @Test(.requiresNamespaces) func aProgramThatTheKernelRefusesIsFoundAndMadeSmall() throws {
    let error = #expect(throws: PathsDiffer.self) {
      try Differential(
        filters: .authors, chain: "[{name: PacketSize, config: {max: 60}}, {name: Stray}]", packets: 10
      ).run()
    }
    let finding = try #require(error?.findings.first)
    #expect(finding.hasPrefix("seed ") && finding.contains("the kernel refused the program at StrayProgram.swift:12"))
    let smallest = finding.split(separator: "\n").drop { !$0.hasPrefix("at its smallest") }
    #expect(smallest.count { $0.contains("    - {name: ") } == 1, "\(finding)")
  }

  @Test(.requiresNamespaces) func aRunThatComparesNothingFails() {
    let error = #expect(throws: DifferentialUseless.self) {
      try Differential(filters: .builtin, chain: "- {name: Compress, config: {on_read: COMPRESS}}", packets: 200).run()
    }
    #expect(error?.description.contains("Compress") == true)
    let unknown = #expect(throws: DifferentialUseless.self) {
      try Differential(filters: .builtin, including: ["{name: Nobody}"], packets: 200).run()
    }
    #expect(unknown?.description.contains("unknown filter 'Nobody'") == true)
  }
}
