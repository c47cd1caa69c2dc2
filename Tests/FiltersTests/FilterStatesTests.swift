import FilterKit
import Testing

/// What filters remember when a configuration is loaded again.
@Suite struct FilterStatesTests {
  private let states = FilterStates()

  private func limit(_ packets: Int, label: String = "limit") -> [ConfigurationNode] {
    let count = ConfigurationNode(.plain("\(packets)"), at: .start)
    return [
      ["name": "LocalRateLimit", "label": .init(stringLiteral: label), "config": ["max_packets": count, "period": 60]]
    ]
  }

  private func load(_ filters: [ConfigurationNode], servers: [Int] = [1]) throws -> Fixture {
    try Fixture(filters, endpoints: servers.map { .server($0) }, states: states)
  }

  @Test("A limit goes on counting, unless its options or its label change")
  func limits() throws {
    let first = try load(limit(2))
    #expect(first.run() != nil)
    let second = try load(limit(2))
    #expect(second.run() != nil)
    #expect(second.run() == nil)
    // The one before and the one after count together, as workers change over one by one.
    #expect(first.run() == nil)
    #expect(try load(limit(3)).run() != nil)
    #expect(try load(limit(2, label: "other")).run() != nil)
    #expect(try load(limit(2)).run() == nil)
  }

  @Test("A configuration that is refused disturbs nothing")
  func refused() throws {
    let first = try load(limit(1))
    #expect(first.run() != nil)
    #expect(throws: Fixture.Refused.self) { try load(limit(1) + [["name": "Unknown"]]) }
    #expect(first.run() == nil)
    #expect(try load(limit(1)).run() == nil)
  }

  @Test("What no configuration uses is freed")
  func freed() throws {
    var fixture: Fixture? = try load(limit(1))
    #expect(fixture?.run() != nil)
    #expect(states.count == 1)
    fixture = nil
    #expect(states.count == 0)
    #expect(try load(limit(1)).run() != nil)
  }

  @Test("Turns go on where they were, also with other endpoints")
  func turns() throws {
    let filters: [ConfigurationNode] = [["name": "LoadBalancer"]]
    let first = try load(filters, servers: [1, 2, 3])
    for turn in 0..<4 { #expect(first.run() == [UInt32(turn % 3)]) }
    let second = try load(filters, servers: [1, 2, 3])
    for turn in 4..<7 { #expect(second.run() == [UInt32(turn % 3)]) }
    let third = try load(filters, servers: [1, 2])
    for turn in 7..<10 { #expect(third.run() == [UInt32(turn % 2)]) }
  }
}
