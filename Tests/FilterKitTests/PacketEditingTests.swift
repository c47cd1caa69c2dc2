import FilterKit
import Testing

/// Edits of a payload up to the limits of a datagram.
@Suite struct PacketEditingTests {
  private static func bytes(_ count: Int, from first: Int = 0) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 + first) &* 31) }
  }

  @Test(arguments: [0, 1, 9, 10])
  func cutsUpToTheWholePayload(size: Int) {
    var packet = OnePacket(Self.bytes(10))
    #expect(packet.removeFirst(UInt32(size)))
    #expect(packet.payload.count == 10 - size)
    #expect(packet.payload == Array(Self.bytes(10)[size...]))

    packet = OnePacket(Self.bytes(10))
    #expect(packet.removeLast(UInt32(size)))
    #expect(packet.payload == Array(Self.bytes(10)[..<(10 - size)]))
  }

  @Test(arguments: [11, UInt32.max])
  func cutsNothingWhereThereIsNotEnough(size: UInt32) {
    let packet = OnePacket(Self.bytes(10))
    #expect(!packet.removeFirst(size))
    #expect(!packet.removeLast(size))
    #expect(packet.payload == Self.bytes(10))
  }

  /// The free space at either end is 1,024 and 29 bytes at first; more makes the payload move.
  @Test(arguments: [0, 1, 28, 29, 30, 1_023, 1_024, 1_025, 2_048, 60_000])
  func addsAtBothEnds(size: Int) {
    let payload = Self.bytes(5_507)
    let packet = OnePacket(payload)
    #expect(packet.prepend(Self.bytes(size, from: 7)))
    #expect(packet.payload == Self.bytes(size, from: 7) + payload)
    #expect(packet.removeFirst(UInt32(size)))
    #expect(packet.append(Self.bytes(size, from: 3)))
    #expect(packet.payload == payload + Self.bytes(size, from: 3))
  }

  @Test(arguments: [0, 1, 1_024, 65_506, 65_507])
  func fillsADatagramAndNoMore(size: Int) {
    let payload = Self.bytes(size)
    for atFront in [true, false] {
      let packet = OnePacket(payload)
      let rest = Self.bytes(PacketBatch.maximumPayload - size, from: 5)
      let tooMuch = rest + [1]
      #expect(!(atFront ? packet.prepend(tooMuch) : packet.append(tooMuch)))
      #expect(packet.payload == payload)
      #expect(atFront ? packet.prepend(rest) : packet.append(rest))
      #expect(packet.payload == (atFront ? rest + payload : payload + rest))
      #expect(!packet.append([1]))
      #expect(!packet.prepend([1]))
      #expect(packet.append([]))
      #expect(packet.prepend([]))
      #expect(packet.payload.count == PacketBatch.maximumPayload)
    }
  }

  /// Byte by byte past the room at one end: the payload moves, and stays whole each time.
  @Test func manySmallAdditions() {
    let packet = OnePacket([0xff])
    for index in 0..<3_000 { #expect(packet.prepend([UInt8(truncatingIfNeeded: index)])) }
    for index in 0..<3_000 { #expect(packet.append([UInt8(truncatingIfNeeded: index)])) }
    let added = (0..<3_000).map { UInt8(truncatingIfNeeded: $0) }
    #expect(packet.payload == added.reversed() + [0xff] + added)
  }

  @Test func thePacketBesideIsNotTouched() {
    let packet = OnePacket(Self.bytes(65_507))
    packet.addNeighbour(Self.bytes(65_507, from: 9))
    #expect(packet.removeFirst(65_507))
    #expect(packet.append(Self.bytes(65_507, from: 1)))
    #expect(packet.removeLast(65_507))
    #expect(packet.prepend(Self.bytes(65_507, from: 2)))
    #expect(packet.payload == Self.bytes(65_507, from: 2))
    #expect(packet.neighbour == Self.bytes(65_507, from: 9))
  }

  @Test func replacesThePayloadOrLeavesIt() {
    let packet = OnePacket(Self.bytes(10))
    #expect(!packet.replacePayload { _, _ in nil })
    #expect(!packet.replacePayload { _, _ in -1 })
    #expect(!packet.replacePayload { _, _ in PacketBatch.maximumPayload + 1 })
    #expect(packet.payload == Self.bytes(10))
    let replaced = packet.replacePayload { old, new in
      #expect(new.count == PacketBatch.scratchSize)
      for (index, byte) in old.reversed().enumerated() { new[index] = byte }
      return old.count
    }
    #expect(replaced)
    #expect(packet.payload == Self.bytes(10).reversed())
  }
}

/// A batch whose first packet is edited. Results are plain values, which expectations can hold.
private final class OnePacket {
  private var batch = PacketBatch(keyCount: 1, routing: RoutingTable([]), sheet: CounterSheet())

  init(_ payload: [UInt8]) {
    batch.begin(.read, now: 0, wallClock: 0)
    insert(0, payload)
  }

  private func insert(_ index: Int, _ payload: [UInt8]) {
    batch.receiveBuffer(index).copyBytes(from: payload)
    batch.insert(index, size: payload.count, from: SocketAddress(IPAddress(v4: 1), port: 1))
  }

  func addNeighbour(_ payload: [UInt8]) { insert(1, payload) }

  var payload: [UInt8] { Array(batch.payload(0)) }
  var neighbour: [UInt8] { Array(batch.payload(1)) }

  private static func edit(_ batch: borrowing PacketBatch, _ body: (inout Packet) -> Bool) -> Bool {
    var packet = batch.packet(0)
    return body(&packet)
  }

  func removeFirst(_ size: UInt32) -> Bool { Self.edit(batch) { $0.removeFirst(size) } }

  func removeLast(_ size: UInt32) -> Bool { Self.edit(batch) { $0.removeLast(size) } }

  func prepend(_ bytes: [UInt8]) -> Bool { Self.edit(batch) { $0.prepend(bytes.span.bytes) } }

  func append(_ bytes: [UInt8]) -> Bool { Self.edit(batch) { $0.append(bytes.span.bytes) } }

  func replacePayload(_ build: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) -> Int?) -> Bool {
    Self.edit(batch) { $0.replacePayload(build) }
  }
}
