import CDataPath
import FilterKit
import FilterTesting
import KernelPath
import Testing

/// Frames that the program must not touch: each comes back as it was, counted once under its cause and nowhere else.
@Suite(.requiresPrograms) struct OddFrameTests {
  typealias Expectation = TrialBench.Expectation

  /// Filters that count, so that a frame which is handed over late shows whether they counted it.
  static let counting = """
    [{name: Capture, config: {metadataKey: last, suffix: {size: 1}}},
     {name: Match, config: {on_read: {metadataKey: last, branches: [{value: 1, name: Pass}], fallthrough: {name: Pass}}}}]
    """
  let bench: TrialBench

  init() throws { bench = try TrialBench(Self.counting) }

  /// What the filters count of a packet that they let through.
  static func sent(_ frame: Frame, _ way: TrialBench.Way) -> Expectation {
    way.direction == .read ? .sent(frame).counting(frame.payload.last == 1 ? 1 : 2) : .sent(frame)
  }

  @Test func comeBackAsTheyWere() throws {
    for odd in OddFrame.table {
      try bench.check(odd.name, odd.bytes, odd.cause.map { .handedOver($0) } ?? .leftAlone)
      // What it was made of goes.
      let way = TrialBench.ways[odd.way]
      try bench.check(
        "before '\(odd.name)'", way.comes(OddFrame.payload).bytes, Self.sent(way.leaves(OddFrame.payload), way))
    }
  }

  @Test(arguments: TrialBench.ways) func cutAnywhere(_ way: TrialBench.Way) throws {
    let frame = way.comes(OddFrame.payload).bytes
    let headers = frame.count - OddFrame.payload.count
    // Without all of the headers it cannot be known for whom it is.
    for size in 14..<frame.count {
      try bench.check(
        "cut at \(size)", Array(frame[..<size]), size < headers ? .leftAlone : .handedOver(HAND_OVER_LENGTH))
    }
  }

  @Test(arguments: TrialBench.ways) func lengthsThatLie(_ way: TrialBench.Way) throws {
    let good = way.comes(OddFrame.payload).bytes
    let isV4 = way.comes.source.ip.isV4
    let (ipPlace, udpPlace, extra) = isV4 ? (16, 38, 20) : (18, 58, 0)
    let size = OddFrame.payload.count + 8
    for wrong in Array(0..<200) + [255, 256, 1472, 9224, 9225, 32_768, 65_507, 65_535] {
      var (ip, udp, both) = (good, good, good)
      ip.put(wrong, at: ipPlace)
      if wrong != size + extra { try bench.check("IP says \(wrong)", ip, .handedOver(HAND_OVER_LENGTH)) }
      udp.put(wrong, at: udpPlace)
      if wrong != size { try bench.check("UDP says \(wrong)", udp, .handedOver(HAND_OVER_LENGTH)) }
      // They agree with each other: on less than a header, or on more than there is.
      both.put(wrong, at: udpPlace)
      both.put(min(65_535, wrong + extra), at: ipPlace)
      if wrong < 8 || wrong > size { try bench.check("both say \(wrong)", both, .handedOver(HAND_OVER_LENGTH)) }
    }
  }

  @Test func destinations() throws {
    for (endpoints, cause) in [
      ([TrialBench.endpoint, 6], HAND_OVER_DESTINATIONS), ([], HAND_OVER_DESTINATIONS),
      ([6], HAND_OVER_NO_SESSION),
    ] {
      try bench.program.maps.setEndpoints(endpoints)
      for way in TrialBench.reads {
        try bench.check("endpoints \(endpoints)", way.comes(OddFrame.payload).bytes, .handedOver(cause))
      }
    }
  }

  @Test(arguments: TrialBench.ways) func overTheMTU(_ way: TrialBench.Way) throws {
    let room = Int(TrialBench.mtu) - (way.leaves.source.ip.isV4 ? 28 : 48)
    let payload = TrialBench.bytes(room + 1)
    try bench.check("one too many", way.comes(payload).bytes, .handedOver(HAND_OVER_MTU))
    let fits = Array(payload.dropLast())
    try bench.check("just fits", way.comes(fits).bytes, Self.sent(way.leaves(fits), way))
  }

  /// A frame of the other family is larger by 20 bytes at its front.
  @Test func withoutHeadroom() throws {
    let room = TrialBench.bytes(212)
    for way in TrialBench.ways {
      let frame = way.comes(OddFrame.payload).bytes
      let grows = way.isTranslated && way.comes.source.ip.isV4
      try bench.check(
        way.name, frame, behind: room,
        grows ? .handedOver(HAND_OVER_NO_HEADROOM) : Self.sent(way.leaves(OddFrame.payload), way))
    }
  }

  /// What filters counted of a packet that was dropped stays counted; nobody sees it again.
  @Test func dropsAreCountedOnce() throws {
    let bench = try TrialBench(
      """
      [{name: Capture, config: {metadataKey: last, suffix: {size: 1}}},
       {name: Match, config: {on_read: {metadataKey: last, branches: [{value: 1, name: Drop}], fallthrough: {name: Drop}}}}]
      """)
    for way in TrialBench.reads {
      try bench.check(
        "branch", way.comes([7, 1]).bytes, .dropped(.dropped, filter: 2).counting(1))
      try bench.check(
        "fallthrough", way.comes([7, 2]).bytes, .dropped(.dropped, filter: 3).counting(2))
      try bench.check("too short", way.comes([]).bytes, .dropped(.captureNoValue, filter: 0))
    }
  }

  /// What a slot cannot do it leaves to the sockets; plans refuse such slots beforehand.
  @Test func aSlotBeyondWhatTheProgramCan() throws {
    let bench = try TrialBench("[{name: Capture, config: {prefix: {size: 32}}}]") {
      $0.read.0.size = 33
      $0.write = $0.read
    }
    for way in TrialBench.ways {
      try bench.check(way.name, way.comes(OddFrame.payload).bytes, .handedOver(HAND_OVER_FILTER))
    }
  }
}
