import FilterKit
import FilterTesting
import Filters
import Testing

/// What a trial says of packets, and that it says it of every engine.
@Suite struct FilterTrialTests {
  private static let byToken = "[{name: Capture, config: {suffix: {size: 3, remove: true}}}, {name: TokenRouter}]"
  private static let servers = [
    TrialEndpoint("203.0.113.1:26000", tokens: ["abc"]),
    TrialEndpoint("[2001:db8::51]:26000", tokens: ["xyz", "both"]),
  ]

  @Test func everythingIsKnownOfAPacket() throws {
    let trial = try FilterTrial(filters: .builtin, chain: Self.byToken, endpoints: Self.servers)
    let result = try trial.read("helloabc", from: "192.0.2.1:4000")
    #expect(result.verdict == .forward && result.isForwarded)
    #expect(result.payload == "hello")
    #expect(result.destinations == ["203.0.113.1:26000"])
    #expect(result.metadata["quilkin.dev/capture"] == "abc")
    #expect(result.metadata["quilkin.dev/capture/is_present"] == true)
    #expect(result.engines == trial.engines)
    #expect(trial.kernelRefusal == nil)
    #expect(result.kernel == (trial.engines.contains(.kernel) ? .carried : .notRun))
  }

  @Test func aDropHasItsReasonAndItsFilter() throws {
    let trial = try FilterTrial(filters: .builtin, chain: Self.byToken, endpoints: Self.servers)
    let unknown = try trial.read("hello???")
    #expect(unknown.verdict == .drop(.tokenUnknown) && unknown.dropReason == "token_unknown")
    #expect(unknown.droppedBy == "TokenRouter")
    #expect(unknown.payload == nil && unknown.destinations.isEmpty)
    #expect(unknown.counters["proxy_drops_total"] == 1)
    let short = try trial.read("he", from: "[2001:db8::c1]:4000")
    #expect(short.verdict == .drop(.captureNoValue) && short.droppedBy == "Capture")
    #expect(short.counters["proxy_drops_total{filter=\"Capture\",reason=\"capture_no_value\"}"] == 1)
    #expect(short.counters["nobody_counts_this"] == nil)
  }

  @Test func packetsGoToEveryEndpointUnlessAFilterChooses() throws {
    let trial = try FilterTrial(filters: .builtin, chain: "[]", endpoints: Self.servers)
    let result = try trial.read([0, 255])
    #expect(result.destinations == Self.servers.map(\.address))
    #expect(result.payload == .hex("00ff"))
    // The program leaves what goes to no single endpoint to the sockets.
    #expect(result.kernel == (trial.engines.contains(.kernel) ? .handedOver("several_destinations") : .notRun))
    #expect(try FilterTrial(filters: .builtin, chain: "[]", endpoints: []).read("a").verdict == .drop(.noEndpoints))
  }

  @Test func aServerMaySendFirst() throws {
    let trial = try FilterTrial(
      filters: .builtin, chain: "- {name: Concatenate, config: {on_write: APPEND, bytes: IQ==}}",
      endpoints: Self.servers)
    let first = try trial.write("hello", from: "[2001:db8::51]:26000", to: "192.0.2.7:5000")
    #expect(first.payload == "hello!" && first.destinations == ["192.0.2.7:5000"])
    try trial.read("question", from: "[2001:db8::c1]:4000")
    #expect(try trial.write("answer").destinations == ["[2001:db8::c1]:4000"])
    #expect(throws: (any Error).self) { try trial.write("hello", from: "203.0.113.99:1") }
  }

  @Test func filtersSeeTheAddressesOfTheTest() throws {
    let trial = try FilterTrial(
      filters: .builtin,
      chain: """
        filters:
          - name: Firewall
            config:
              on_read: [{action: ALLOW, sources: [192.0.2.0/28, "2001:db8::/64"], ports: ["4000-4010"]}]
              on_write: [{action: ALLOW, sources: [203.0.113.7/32], ports: ["26000"]}]
        clusters:
          - endpoints: [{address: "203.0.113.7:26000"}, {address: "203.0.113.8:26000"}]
        """)
    #expect(try trial.read("a", from: "192.0.2.15:4001").isForwarded)
    #expect(try trial.read("a", from: "192.0.2.16:4001").verdict == .drop(.firewallDenied))
    #expect(try trial.read("a", from: "[2001:db8::1]:4000").isForwarded)
    #expect(try trial.read("a", from: "[2001:db8::1]:5000").verdict == .drop(.firewallDenied))
    #expect(try trial.write("a", from: "203.0.113.7:26000").isForwarded)
    #expect(try trial.write("a", from: "203.0.113.8:26000").verdict == .drop(.firewallDenied))
  }

  @Test func filtersKeepTheirState() throws {
    let trial = try FilterTrial(
      filters: .builtin, chain: "- {name: LocalRateLimit, config: {max_packets: 2, period: 3600}}")
    let verdicts = try (0..<4).map { _ in try trial.read("a").verdict }
    #expect(verdicts == [.forward, .forward, .drop(.rateLimited), .drop(.rateLimited)])
    #expect(try trial.read("a", from: "192.0.2.99:1").isForwarded)
  }

  @Test func theChainThatTheKernelLeavesToTheSocketsIsNamed() throws {
    let trial = try FilterTrial(filters: .builtin, chain: "- {name: Compress, config: {on_read: COMPRESS}}")
    #expect(trial.kernelRefusal?.reason.contains("Compress") == true)
    let result = try trial.read("hello")
    #expect(result.payload == .hex("05 10") + "hello" && result.kernel == .notRun)
    #expect(result.engines == [.filters, .sockets])
  }

  @Test func mistakesInTheChainAreListed() {
    let error = #expect(throws: ChainRefused.self) {
      try FilterTrial(filters: .builtin, chain: "- {name: Capture, config: {sufix: {size: 3}}}\n- {name: Nothing}")
    }
    #expect(error?.lines.count == 3)
    #expect(error?.description.contains("unknown key 'sufix' (did you mean 'suffix'?)") == true)
  }

  // MARK: - Engines that disagree

  @Test func aFilterThatDiffersBetweenSocketsAndKernelIsReported() throws {
    let trial = try FilterTrial(
      filters: .withFakes,
      chain: """
        - name: TwoFaced
          config:
            sockets: {name: Capture, config: {prefix: {size: 2, remove: true}}}
            kernel: {name: Capture, config: {prefix: {size: 3, remove: true}}}
        """)
    guard trial.engines.contains(.kernel) else { return }
    let error = #expect(throws: EngineDisagreement.self) { try trial.read("hello", from: "192.0.2.1:4000") }
    #expect(error?.packet == "the packet \"hello\" from 192.0.2.1:4000 (read)")
    #expect(error?.differences == ["payload: the filters alone: \"llo\"; the kernel: \"lo\""])
    #expect(error?.description.contains("{name: TwoFaced, config: {sockets: {name: Capture, ") == true)
  }

  @Test func whatTheKernelForgetsToCountIsReported() throws {
    let trial = try FilterTrial(filters: .withFakes, chain: "- {name: Counting}")
    guard trial.engines.contains(.kernel) else { return }
    let error = #expect(throws: EngineDisagreement.self) { try trial.read("hello") }
    #expect(
      error?.differences == [
        "counter counting_packets_total{filter=\"Counting\"}: the filters alone: 1; the kernel: 0"
      ])
    let careless = try FilterTrial(filters: .withFakes, chain: "- {name: Counting}", mayDiffer: [.counters])
    #expect(try careless.read("hello").counters["counting_packets_total"] == 1)
  }

  @Test func aFilterThatDiffersFromOneChainToTheNextIsReported() throws {
    let trial = try FilterTrial(filters: .withFakes, chain: "- {name: Moody}")
    let error = #expect(throws: EngineDisagreement.self) { try trial.read("hello") }
    #expect(error?.description.contains("; sockets: ") == true)
  }
}
