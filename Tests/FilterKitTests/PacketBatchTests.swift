import FilterKit
import Testing

/// What the packets of a batch keep beside their payloads, and what the next batch finds of it.
@Suite struct PacketBatchTests {
  /// Captures pieces of the payload, more than the batch's memory holds at first.
  private struct Keep: Filter {
    static let name = "Keep"
    private let key: MetadataKey

    init(options: inout Options, context: inout FilterContext) { key = context.key("kept", setOn: .read) }

    func read(_ packet: inout Packet) -> Verdict {
      guard packet.count > 0 else { return packet.kind(of: key) == .none ? .forward : .drop(.dropped) }
      _ = packet.capture(at: 0, size: packet.count, as: key)
      return .forward
    }
  }

  /// Goes to the endpoints that have the token which `Keep` kept.
  private struct Route: Filter {
    static let name = "Route"
    private let key: MetadataKey

    init(options: inout Options, context: inout FilterContext) { key = context.key("kept") }

    func read(_ packet: inout Packet) -> Verdict {
      packet.addDestinations(withTokenIn: key) > 0 ? .forward : .drop(.tokenUnknown)
    }
  }

  /// Goes to all endpoints, one by one.
  private struct All: Filter {
    static let name = "All"
    init(options: inout Options, context: inout FilterContext) {}

    func read(_ packet: inout Packet) -> Verdict {
      for endpoint in 0..<packet.endpointCount + 3 { packet.addDestination(endpoint) }
      return .forward
    }
  }

  private static let source = SocketAddress(IPAddress(v4: 1), port: 1)

  private static func fill(_ batch: inout PacketBatch, _ payloads: [[UInt8]]) {
    batch.begin(.read, now: 0, wallClock: 0)
    for (index, payload) in payloads.enumerated() {
      batch.receiveBuffer(index).copyBytes(from: payload)
      batch.insert(index, size: payload.count, from: source)
    }
  }

  private static func destinations(_ batch: borrowing PacketBatch, _ index: Int) -> [UInt32] {
    var destinations = batch.destinations(index)
    var found: [UInt32] = []
    while let next = destinations.pop() { found.append(next) }
    return found
  }

  private static func endpoints(_ tokens: [[[UInt8]]]) -> [RoutingTable.Endpoint] {
    tokens.enumerated().map { number, tokens in
      RoutingTable.Endpoint(SocketAddress(IPAddress(v4: UInt32(number + 1)), port: 1), tokens: tokens)
    }
  }

  /// 64 captures of up to 64 KB: the memory grows again and again, and every value stays what it was.
  @Test func capturedValuesStayWhenTheirMemoryGrows() {
    let tokens = (0..<64).map { Array(repeating: UInt8($0), count: 1 + $0 * 1_000) }
    let routing = RoutingTable(Self.endpoints(tokens.map { [$0] }))
    let chain = Chain(Keep.self, Route.self)
    var batch = PacketBatch(keyCount: chain.keys.count, routing: routing, sheet: CounterSheet())
    for _ in 0..<2 {
      Self.fill(&batch, tokens)
      chain.run(.read, &batch)
      let live = batch.livePackets
      #expect(live == .max)
      for index in 0..<64 {
        let found = Self.destinations(batch, index)
        #expect(found == [UInt32(index)])
      }
    }
  }

  /// A filter that looks at several packets of a batch together may hold a value of one while it captures from another.
  @Test func aValueStaysWhileAnotherPacketsValuesGrow() {
    let key = MetadataKey(index: 0)
    var batch = PacketBatch(keyCount: 1, routing: RoutingTable([]), sheet: CounterSheet())
    let payloads = (0..<2).map { Array(repeating: UInt8($0 + 1), count: 60_000) }
    for _ in 0..<2 {
      Self.fill(&batch, payloads)
      var first = batch.packet(0)
      var second = batch.packet(1)
      var isKept = first.capture(at: 0, size: 4_000, as: key)
      let value = first.bytes(of: key)
      for _ in 0..<4 { isKept = second.capture(at: 0, size: 60_000, as: key) && isKept }
      #expect(isKept)
      let isSame = value.withUnsafeBytes { $0.count == 4_000 && $0.allSatisfy { $0 == 1 } }
      #expect(isSame)
    }
  }

  /// 64 packets with 100 destinations each: their memory grows too.
  @Test func destinationsKeepTheirOrderAndEndAtTheLastEndpoint() {
    let routing = RoutingTable(Self.endpoints(Array(repeating: [], count: 100)))
    let chain = Chain(All.self)
    var batch = PacketBatch(keyCount: chain.keys.count, routing: routing, sheet: CounterSheet())
    Self.fill(&batch, Array(repeating: [1], count: 64))
    chain.run(.read, &batch)
    for index in 0..<64 {
      let found = Self.destinations(batch, index)
      #expect(found == Array(0..<100))
    }
  }

  @Test func theNextBatchFindsNothingOfTheLast() {
    let chain = Chain(Keep.self, All.self)
    let routing = RoutingTable(Self.endpoints([[]]))
    var batch = PacketBatch(keyCount: chain.keys.count, routing: routing, sheet: CounterSheet())
    Self.fill(&batch, Array(repeating: [1, 2, 3], count: 64))
    chain.run(.read, &batch)
    Self.fill(&batch, [[], []])
    let live = batch.livePackets
    #expect(live == 0b11)
    for index in 0..<2 {
      let found = Self.destinations(batch, index)
      #expect(found.isEmpty)
    }
    chain.run(.read, &batch)
    // An empty packet is dropped where the key has a value.
    let left = batch.livePackets
    #expect(left == 0b11)
  }
}
