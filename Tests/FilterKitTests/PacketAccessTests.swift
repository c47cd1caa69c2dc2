import FilterKit
import PacketKit
import Testing

/// What packet programs read of a payload and make of it, up to the bounds of the payload and of the memory that it lies in.
@Suite struct PacketAccessTests {
  private static let payload = (0..<40).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }

  /// Calls `body` with a packet of a batch that is full, so that what lies behind a payload belongs to another one.
  private static func with<Result>(_ payload: [UInt8], _ body: (inout Packet) -> Result) -> Result {
    var batch = PacketBatch(keyCount: 2, routing: RoutingTable([]), sheet: CounterSheet())
    batch.begin(.read, now: 0, wallClock: 0)
    for index in 0..<PacketBatch.capacity {
      batch.receiveBuffer(index).copyBytes(from: payload)
      batch.insert(index, size: payload.count, from: SocketAddress(IPAddress(v4: 1), port: 1))
    }
    var packet = batch.packet(PacketBatch.capacity - 1)
    return body(&packet)
  }

  @Test(arguments: 0...10 as ClosedRange<UInt32>) func loadsWhatIsAllInThePayload(size: UInt32) {
    let bytes = Self.payload
    for offset in UInt32(0)..<45 {
      let (word, bigEndian) = Self.with(bytes) {
        ($0.load(at: offset, size: size), $0.loadBigEndian(at: offset, size: size))
      }
      guard (1...8).contains(size), Int(offset + size) <= bytes.count else {
        #expect(word == nil && bigEndian == nil)
        continue
      }
      let expected = bytes[Int(offset)..<Int(offset + size)]
      #expect(word == expected.reversed().reduce(0) { $0 << 8 | UInt64($1) })
      #expect(bigEndian == expected.reduce(0) { $0 << 8 | UInt64($1) })
    }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 16, 17, 24, 31, 32, 33, UInt32.max])
  func readsUpTo32Bytes(size: UInt32) {
    for offset in [0, 1, 8, 9, 39, 40, 41, UInt32.max] as [UInt32] {
      let found = Self.with(Self.payload) { $0.bytes(at: offset, size: size) }
      guard size <= 32, offset <= 40, size <= 40 - offset else {
        #expect(found == nil)
        continue
      }
      #expect(found == ShortBytes(Self.payload[Int(offset)..<Int(offset + size)]))
    }
  }

  /// The largest datagram ends where its memory does.
  @Test func readsTheEndOfTheLargestDatagram() {
    let payload = (0..<PacketBatch.receiveSize).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let end = UInt32(payload.count)
    let (last, whole, behind) = Self.with(payload) {
      ($0.load(at: end - 1, size: 1), $0.bytes(at: end - 32, size: 32), $0.load(at: end - 1, size: 2))
    }
    #expect(last == UInt64(payload[payload.count - 1]))
    #expect(whole == ShortBytes(payload.suffix(32)))
    #expect(behind == nil)
  }

  @Test(arguments: 0...32) func keepsBytesThatAProgramMade(size: Int) {
    let key = MetadataKey(index: 1)
    let bytes = Self.payload.prefix(size)
    let kept = Self.with([]) { packet in
      packet.set(key, bytes: ShortBytes(bytes)!)
      return (
        packet.kind(of: key), packet.size(of: key), (0..<size).map { packet.word(of: key, at: UInt32($0)) & 0xff }
      )
    }
    #expect(kept == (.bytes, UInt32(size), bytes.map(UInt64.init)))
  }

  @Test func keepsAWordAndANumber() {
    let key = MetadataKey(index: 0)
    let word = Self.with([]) { packet in
      packet.set(key, bytes: 0x0102_0304_0506_0708, size: 3)
      return (packet.size(of: key), packet.word(of: key, at: 0), packet.scalar(of: key))
    }
    #expect(word == (3, 0x06_0708, 0))
    let number = Self.with([]) { packet in
      packet.set(key, number: 77)
      return (packet.kind(of: key), packet.size(of: key), packet.scalar(of: key))
    }
    #expect(number == (.number, 0, 77))
  }

  @Test func shortBytesAreZeroBehindTheirEnd() {
    #expect(ShortBytes(.max, .max, .max, .max, size: 17) == ShortBytes(Array(repeating: 0xff, count: 17)))
    #expect(ShortBytes(.max, .max, .max, .max, size: 40).size == 32)
    #expect(ShortBytes(Array(repeating: 1, count: 33)) == nil)
    let masked = ShortBytes([1, 2, 3, 4, 5, 6, 7, 8, 9])?.xor(0x0101_0101_0101_0101)
    #expect(masked == ShortBytes([0, 3, 2, 5, 4, 7, 6, 9, 8]))
  }

  // MARK: What does not belong to the filter

  /// A key of a chain with more keys would be the next packet's: the process ends there and then.
  @Test func aKeyOfAnotherChainIsNotUsed() async {
    await #expect(processExitsWith: .failure) { Self.with([1]) { $0.set(MetadataKey(index: 2), bool: true) } }
    await #expect(processExitsWith: .failure) { Self.with([1]) { _ = $0.scalar(of: MetadataKey(index: .max)) } }
  }

  /// Whatever number a counter is made of, it is one of the sheet's.
  @Test func aMadeUpCounterStaysInItsSheet() {
    let sheet = CounterSheet()
    var batch = PacketBatch(keyCount: 0, routing: RoutingTable([]), sheet: sheet)
    batch.begin(.read, now: 0, wallClock: 0)
    batch.insert(0, size: 0, from: SocketAddress(IPAddress(v4: 1), port: 1))
    for cell in [0, 65_535, 65_536, UInt32.max] { batch.packet(0).add(1, to: Counter(cell: cell)) }
    let counts = [0, 65_535].map { sheet.value(of: Counter(cell: $0)) }
    #expect(counts == [2, 2])
  }
}
