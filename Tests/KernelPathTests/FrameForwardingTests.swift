import CDataPath
import FilterKit
import FilterTesting
import KernelPath
import Testing

/// Frames that go: right to the byte, all their checksums proven, whatever lay where their headers are.
@Suite(.requiresPrograms) struct FrameForwardingTests {
  /// A frame with what must not be seen in what leaves, in one of two colours: padding, the bytes in front of the frame, and what
  /// of the old headers has no place in the new.
  private static func check(
    _ bench: TrialBench, _ way: TrialBench.Way, _ payload: [UInt8], cutting front: Int, _ back: Int
  )
    throws
  {
    let leaves = way.leaves(Array(payload[front..<(payload.count - back)]))
    for colour: UInt8 in [0x5a, 0xa5] {
      var comes = way.comes(payload)
      comes.sourceMAC = Array(repeating: colour, count: 6)
      comes.destinationMAC = Array(repeating: ~colour, count: 6)
      // A translated datagram is a new one.
      if way.isTranslated { (comes.identification, comes.flags) = (UInt16(colour) << 8, colour == 0x5a ? 0 : 0x4000) }
      var bytes = comes.bytes
      // The flow label belongs to who sends.
      if !comes.source.ip.isV4 { bytes[15] = bytes[15] & 0xf0 | colour & 0x0f }
      if !comes.source.ip.isV4 { bytes.replaceSubrange(16..<18, with: [colour, ~colour]) }
      let padding = [UInt8](repeating: ~colour, count: colour == 0x5a ? 0 : 18)
      try bench.check(
        "\(way.name), \(payload.count) bytes less \(front) and \(back), colour \(colour)", bytes + padding,
        behind: [UInt8](repeating: colour, count: 32), .sent(leaves))
    }
  }

  /// The same filters in both directions, which a configuration cannot say of `Capture`.
  private static func cutting(_ front: Int, _ back: Int, edit: (inout image) -> Void = { _ in }) throws -> TrialBench {
    try TrialBench(
      """
      [{name: Capture, config: {prefix: {size: \(front), remove: true}}},
       {name: Capture, config: {suffix: {size: \(back), remove: true}}}]
      """
    ) {
      $0.write = $0.read
      edit(&$0)
    }
  }

  @Test(arguments: 0..<4, 0..<4) func everyCutOfEverySize(front: Int, back: Int) throws {
    let bench = try Self.cutting(front, back)
    for way in TrialBench.ways {
      for size in 0...40 {
        let payload = TrialBench.bytes(size, seed: size + 1)
        if size >= front + back {
          try Self.check(bench, way, payload, cutting: front, back)
        } else {
          try bench.check(
            "\(way.name), \(size) bytes", way.comes(payload).bytes,
            .dropped(.captureNoValue, filter: size < front ? 0 : 1))
        }
      }
    }
  }

  @Test(arguments: [(0, 0), (5, 8), (16, 1), (31, 32), (32, 31)]) func largeSizes(front: Int, back: Int) throws {
    let bench = try Self.cutting(front, back)
    for way in TrialBench.ways {
      for size in [63, 64, 65, 100, 999, 1000, 1400, 1452] {
        try Self.check(bench, way, TrialBench.bytes(size, seed: size), cutting: front, back)
      }
      // Sums that are zero in one form or the other.
      for byte: UInt8 in [0, 0xff] {
        for size in [63, 64] { try Self.check(bench, way, Array(repeating: byte, count: size), cutting: front, back) }
      }
    }
  }

  /// A computed checksum of 0 stands for "none", so its other form is sent: here with the payload that gives it.
  @Test(arguments: TrialBench.ways) func computedZero(_ way: TrialBench.Way) throws {
    let bench = try Self.cutting(0, 0)
    var frame = way.leaves([0, 0])
    // The checksum of zeros is what the payload must add.
    frame.payload = Array(frame.udpChecksum)
    #expect(frame.udpChecksum == [0xff, 0xff])
    try Self.check(bench, way, frame.payload, cutting: 0, 0)
  }

  /// UDP over IPv4 may come without a checksum, and then goes without one.
  @Test(arguments: TrialBench.ways.filter { !$0.needsChecksum }) func noChecksumStaysNone(_ way: TrialBench.Way) throws
  {
    let bench = try Self.cutting(1, 2)
    for size in 3..<20 {
      var comes = way.comes(TrialBench.bytes(size))
      var leaves = way.leaves(Array(comes.payload[1..<(size - 2)]))
      (comes.checksum, leaves.checksum) = (0, 0)
      try bench.check("\(size) bytes", comes.bytes, .sent(leaves))
    }
  }

  /// What was damaged on its way stays as damaged as it was: whoever gets it can tell.
  @Test(arguments: TrialBench.ways) func damageStays(_ way: TrialBench.Way) throws {
    let bench = try TrialBench()
    var (comes, leaves) = (way.comes(TrialBench.bytes(100)), way.leaves(TrialBench.bytes(100)))
    let good = comes.payload
    (comes.checksum, leaves.checksum) = (UInt16(bytes: comes.udpChecksum), UInt16(bytes: leaves.udpChecksum))
    comes.payload[50] ^= 0xff
    leaves.payload[50] ^= 0xff
    try bench.check("payload", comes.bytes, .sent(leaves))
    guard way.comes.source.ip.isV4, !way.isTranslated else { return }
    // The same of the header's own.
    var (into, out) = (way.comes(good).bytes, way.leaves(good).bytes)
    into.replaceSubrange(24..<26, with: Frame.sum(into[24..<26] + [0, 5]).bytes)
    out.replaceSubrange(24..<26, with: Frame.sum(out[24..<26] + [0, 5]).bytes)
    try bench.check("IPv4 header", into, TrialBench.Expectation(action: 3, frame: out))
  }

  /// A sender that leaves checksums to hardware hands over frames with the pseudo header's sum alone.
  @Test(arguments: [(0, 0), (1, 2), (3, 0), (0, 17)]) func partialChecksums(front: Int, back: Int) throws {
    let bench = try Self.cutting(front, back) { $0.full_checksums = 1 }
    for way in TrialBench.ways {
      for size in Array((front + back)...130) + [999, 1000, 1001, 1452] {
        let payload = TrialBench.bytes(size, seed: size)
        let leaves = way.leaves(Array(payload[front..<(size - back)]))
        var comes = way.comes(payload)
        comes.checksum = comes.pseudoHeaderSum
        for padding in [0, 18] {
          try bench.check(
            "\(way.name), \(size) bytes, padding \(padding)", comes.bytes + Array(repeating: 0xee, count: padding),
            .sent(leaves))
        }
      }
    }
  }

  @Test func anotherWayOut() throws {
    let bench = try TrialBench(interfaces: [77, 1])
    for way in TrialBench.ways {
      let payload = TrialBench.bytes(30)
      // Whence it came, and elsewhere.
      try bench.open(way, KernelRoute.Hop(mac: TrialBench.hopMAC, interface: 1, mtu: 1500))
      try bench.check("back", way.comes(payload).bytes, .sent(way.leaves(payload)))
      try bench.program.maps.setInterface(0, index: 1)
      try bench.open(way, KernelRoute.Hop(mac: TrialBench.hopMAC, interface: 0, mtu: 1500))
      try bench.check("on", way.comes(payload).bytes, .redirected(way.leaves(payload)))
    }
  }

  /// A cut in front makes the room that the larger header needs: 20 bytes, and the headroom has 4.
  @Test(arguments: [(15, false), (16, true), (20, true), (21, true)]) func headroomFromACut(front: Int, fits: Bool)
    throws
  {
    let bench = try Self.cutting(front, 0)
    let way = TrialBench.reads[2]
    let payload = TrialBench.bytes(50)
    try bench.check(
      way.name, way.comes(payload).bytes, behind: TrialBench.bytes(212),
      fits ? .sent(way.leaves(Array(payload[front...]))) : .handedOver(HAND_OVER_NO_HEADROOM))
  }

  /// Tokens of every size, among those of all other sizes that begin the same.
  @Test(arguments: 0...32) func tokensOfEverySize(_ size: Int) throws {
    let bench = try TrialBench(
      "[{name: Capture, config: {prefix: {size: \(size), remove: true}}}, {name: TokenRouter}]")
    let payload = TrialBench.bytes(64, seed: 77)
    for other in 0...32 where other != size {
      try bench.program.maps.setToken(Array(payload[..<other]), endpoints: [99])
    }
    for way in TrialBench.reads {
      try bench.check("unknown", way.comes(payload).bytes, .dropped(.tokenUnknown, filter: 1))
    }
    try bench.program.maps.setToken(Array(payload[..<size]), endpoints: [TrialBench.endpoint])
    for way in TrialBench.reads {
      try bench.check("known", way.comes(payload).bytes, .sent(way.leaves(Array(payload[size...]))))
      guard size > 0 else { continue }
      for wrong in [0, size - 1] {
        var payload = payload
        payload[wrong] ^= 0x80
        try bench.check("one bit wrong", way.comes(payload).bytes, .dropped(.tokenUnknown, filter: 1))
      }
    }
    try bench.program.maps.setToken(Array(payload[..<size]), endpoints: [TrialBench.endpoint, 6])
    for way in TrialBench.reads {
      try bench.check("of two", way.comes(payload).bytes, .handedOver(HAND_OVER_DESTINATIONS))
    }
  }

  /// Values of every size: equal, different in the last bit, different in the first byte.
  @Test(arguments: 0...32) func matchesOfEverySize(_ size: Int) throws {
    let value = String((0..<size).map { Character(UnicodeScalar(UInt8(ascii: "a") + UInt8($0 % 26))) })
    let bench = try TrialBench(
      """
      [{name: Capture, config: {metadataKey: key, suffix: {size: \(size), remove: true}}},
       {name: Match, config: {on_read: {metadataKey: key, branches: [{value: '\(value)', name: Drop}],
        fallthrough: {name: Pass}}}}]
      """)
    for way in TrialBench.reads {
      var payload = TrialBench.bytes(20) + Array(value.utf8)
      try bench.check("equal", way.comes(payload).bytes, .dropped(.dropped, filter: 2).counting(1))
      guard size > 0 else { continue }
      payload[payload.count - 1] ^= 0x80
      try bench.check(
        "last bit", way.comes(payload).bytes, .sent(way.leaves(Array(payload.dropLast(size)))).counting(2))
      payload[payload.count - 1] ^= 0x80
      payload[payload.count - size] ^= 1
      try bench.check(
        "first bit", way.comes(payload).bytes, .sent(way.leaves(Array(payload.dropLast(size)))).counting(2))
    }
  }
}
