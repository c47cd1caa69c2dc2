import AuthorFilters
import FilterKit
import FilterTesting
import Filters
import KernelPath
import Testing

/// What the packet programs of authors can do, in the kernel as on sockets.
@Suite(.requiresPrograms) struct PacketProgramTests {
  private static func bytes(_ count: Int, from first: Int = 0) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 + first) &* 37 &+ 11) }
  }

  @Test(arguments: [1, 7, 8, 9, 16, 20, 31, 32]) func aMaskedTokenIsRouted(size: Int) throws {
    let token = Self.bytes(size)
    let pair = try PathPair(
      "[{name: Peel, config: {mask: 90, size: \(size)}}, {name: TokenRouter}]", tokens: [token], registry: .authors)
    let masked = token.map { $0 ^ 90 }
    for count in [0, 1, 2, 7, 8, 30, 1_000] {
      let payload = Self.bytes(count, from: 5)
      #expect(try pair.check(masked + payload) == payload)
      #expect(try pair.check(token + payload) == nil)
    }
    try pair.check(Array(masked.dropLast()))
    try pair.check([])
    #expect(pair.handedOver == 0)
    #expect(pair.checkCounters().drops["TokenRouter"]?["token_unknown"] == 7)
  }

  /// The place and the size of the id depend on the packet.
  @Test func aConnectionIsRoutedByItsID() throws {
    let ids = [0, 1, 4, 8, 9, 16, 17, 20].map { Self.bytes($0, from: $0) }
    let pair = try PathPair(
      "[{name: ConnectionID, config: {size: 8}}, {name: TokenRouter}]", tokens: ids.filter { !$0.isEmpty },
      registry: .authors)
    for id in ids {
      let rest = Self.bytes(20)
      let long = [0xc3, 0, 0, 0, 1, UInt8(id.count)] + id
      #expect(try pair.check(long + rest) == (id.isEmpty ? nil : long + rest))
      #expect(try pair.check(long) == (id.isEmpty ? nil : long))
      // The id is longer than what is left of the packet, though not of the frame, which is padded.
      #expect(try pair.check(long.dropLast(1)) == nil)
      #expect(try pair.check([0x43] + id + rest) == (id.count == 8 ? [0x43] + id + rest : nil))
    }
    for size in [21, 32, 33, 255] as [UInt8] {
      #expect(try pair.check([0x80, 0, 0, 0, 0, size] + Self.bytes(300)) == nil)
    }
    for count in 0...6 { try pair.check([UInt8](repeating: 0x80, count: count)) }
    #expect(pair.handedOver == 0)
    let drops = try #require(pair.checkCounters().drops["ConnectionID"])
    #expect(drops["long_connection_id"] == 5)
    #expect((drops["no_connection_id"] ?? 0) > 8)
  }

  @Test func whatWasKeptOfAPacketIsMatched() throws {
    let chain = """
      [{name: ConnectionID, config: {size: 8}},
       {name: Match, config: {on_read: {metadataKey: long, branches: [{value: true, name: Drop}],
         fallthrough: {name: Pass}}}}]
      """
    let pair = try PathPair(chain, registry: .authors)
    #expect(try pair.check([0x40] + Self.bytes(8)) != nil)
    #expect(try pair.check([0xc0, 0, 0, 0, 0, 0]) == nil)
    #expect(pair.handedOver == 0)
    pair.checkCounters()
  }

  @Test func aTableAndNumbersAreTheStateOfBothPaths() throws {
    let pair = try PathPair(
      "[{name: GroupLimit, config: {groups: [red, green, 'a name of just thirty-two bytes.'], limit: 5}}]",
      registry: .authors)
    func packet(_ name: String) -> [UInt8] { [UInt8(name.utf8.count)] + Array(name.utf8) + Self.bytes(3) }
    for name in ["red", "green", "a name of just thirty-two bytes."] {
      for turn in 0..<8 { #expect((try pair.check(packet(name)) != nil) == (turn < 5)) }
    }
    for name in ["", "re", "redd", "Red", "a name of just thirty-two bytes", "a name of just thirty-two bytes.."] {
      #expect(try pair.check(packet(name)) == nil)
    }
    try pair.check([])
    try pair.check([4, 1, 2])
    #expect(pair.handedOver == 0)
    let totals = pair.checkCounters()
    #expect(totals.drops == ["GroupLimit": ["no_group": 8, "group_limit": 9]])
    #expect(totals.counters["author_group_passed_total{filter=\"GroupLimit\"}"] == 15)
  }

  @Test func entriesChangeWhileTheKernelLooksThemUp() throws {
    let pair = try PathPair("[{name: GroupLimit, config: {groups: [red], limit: 100}}]", registry: .authors)
    let states = try pair.firstFilters.map { try #require(($0 as? GroupLimit)?.state) }
    func key(_ text: String) throws -> ShortBytes { try #require(ShortBytes(Array(text.utf8))) }
    func passes(_ name: String) throws -> Bool { try pair.check([UInt8(name.utf8.count)] + Array(name.utf8)) != nil }
    #expect(try !passes("blue"))
    for state in states { #expect(state.setEntry(for: try key("blue"), to: 0)) }
    #expect(try passes("blue") && passes("red"))
    // It has room for two.
    for state in states { #expect(!state.setEntry(for: try key("green"), to: 0)) }
    #expect(try !passes("green"))
    for state in states { #expect(state.removeEntry(for: try key("red"))) }
    for state in states { #expect(state.setEntry(for: try key("green"), to: 7)) }
    #expect(try !passes("red") && passes("blue") && passes("green"))
    // There is no number 7: it counts nothing, and no other filter's cell.
    for state in states { #expect(state.number(at: 0) == 3 && state.number(at: 7) == 0) }
    #expect(pair.handedOver == 0)
    pair.checkCounters()
  }

  /// Two filters of a kind have tables and numbers of their own.
  @Test func statesAreApart() throws {
    let pair = try PathPair(
      """
      [{name: GroupLimit, config: {groups: [a, b], limit: 3}}, {name: GroupLimit, config: {groups: [b, a, c], limit: 2}}]
      """, registry: .authors)
    for name in ["a", "a", "a", "a", "b", "c", "b", "b"] { try pair.check([1] + Array(name.utf8)) }
    #expect(pair.handedOver == 0)
    let totals = pair.checkCounters()
    #expect(totals.drops == ["GroupLimit": ["no_group": 1, "group_limit": 1], "GroupLimit#2": ["group_limit": 2]])
  }

  @Test func aPacketThatIsHandedOverIsNotNoted() throws {
    let pair = try PathPair(
      """
      [{name: GroupLimit, config: {groups: [a], limit: 3}}, {name: Capture, config: {suffix: {size: 1}}},
       {name: TokenRouter}]
      """, tokens: [[7]], registry: .authors)
    // It has a session with another endpoint only.
    let stranger = Frame(
      from: SocketAddress(IPAddress(v4: 0x0a00_0063), port: 9), to: TrialBench.reads[0].comes.destination, [1, 0x61, 7])
    for _ in 0..<5 { #expect(try pair.program.run(stranger.bytes).action == 2) }
    for turn in 0..<4 { #expect((try pair.check([1, 0x61, 7]) != nil) == (turn < 3)) }
    pair.checkCounters()
  }
}
