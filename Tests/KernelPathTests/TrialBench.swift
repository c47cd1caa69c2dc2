import CDataPath
import FilterKit
import FilterTesting
import Filters
import Glibc
import KernelPath
import ProxyConfiguration
import Testing

/// A program with sessions of both families in both directions, that frames are run on one by one. All that a frame counts is seen.
final class TrialBench {
  /// One way of a session, as the frames that come and leave.
  struct Way: CustomTestStringConvertible {
    let name: String
    let direction: Direction
    let comes: Frame
    let leaves: Frame
    var testDescription: String { name }

    /// The frame that comes with a payload.
    func comes(_ payload: [UInt8]) -> Frame { Self.with(payload, comes) }
    func leaves(_ payload: [UInt8]) -> Frame { Self.with(payload, leaves) }

    private static func with(_ payload: [UInt8], _ frame: Frame) -> Frame {
      var frame = frame
      frame.payload = payload
      return frame
    }

    var isTranslated: Bool { comes.source.ip.isV4 != leaves.source.ip.isV4 }
    var needsChecksum: Bool { !comes.source.ip.isV4 || !leaves.source.ip.isV4 }
  }

  /// What must come of a frame.
  struct Expectation {
    var action: UInt32
    /// Nil for the frame as it came.
    var frame: [UInt8]?
    /// How much is counted at each place; nothing elsewhere.
    var counted: [Int: UInt64] = [:]

    /// Not a frame of the proxy.
    static let leftAlone = Expectation(action: 2)
    static func handedOver(_ cause: hand_over) -> Self { Self(action: 2, counted: [Int(cause.rawValue): 1]) }
    static func sent(_ frame: Frame) -> Self { Self(action: 3, frame: frame.bytes) }
    static func redirected(_ frame: Frame) -> Self { Self(action: 4, frame: frame.bytes) }
    static func dropped(_ reason: DropReason, filter: Int) -> Self {
      Self(action: 1, counted: [Int(HAND_OVER_COUNT.rawValue) + filter * DropReason.count + Int(reason.rawValue): 1])
    }
    /// The filters' own counters that count as well, by their number.
    func counting(_ counters: Int...) -> Self {
      var copy = self
      for counter in counters { copy.counted[Int(KernelCounters.firstFilterPlace) + counter] = 1 }
      return copy
    }
  }

  static let endpoint: UInt32 = 5
  static let token = Array("abcdefghijklmnop".utf8)
  static let mtu: UInt32 = 1500
  static let hopMAC: [UInt8] = [4, 4, 4, 4, 4, 4]
  static let ourMAC: [UInt8] = [2, 2, 2, 2, 2, 2]
  static let hop = KernelRoute.Hop(mac: hopMAC, interface: 0, mtu: mtu)
  static let listeners = ["10.0.0.1", "fd00::1"].map { try! IPAddress($0) }

  let program: KernelProgram
  private var cells: [UInt64]

  /// - Parameters:
  ///   - filters: the chain, as YAML.
  ///   - interfaces: those that packets leave from, the first one at place 0 is that of a trial run, `lo`.
  ///   - registry: the filters that it may have.
  ///   - edit: what to change of the image before the load.
  init(
    _ filters: String = "[]", interfaces: [UInt32] = [1], hopLifetime: UInt64 = .max >> 1, hop: KernelRoute.Hop? = hop,
    registry: FilterRegistry = .builtin, edit: (inout image) -> Void = { _ in }
  ) throws {
    let diagnostics = Diagnostics()
    let root = YAMLDocument.read(Array(filters.utf8).span, diagnostics: diagnostics)
    guard case .sequence(let entries)? = root?.content else { throw Frame.Problem("the filters are no list") }
    let chain = Chain.read(entries, registry: registry, metrics: Metrics(), diagnostics: diagnostics)
    guard !diagnostics.hasErrors else {
      throw Frame.Problem(diagnostics.report.lines(in: "filters").joined(separator: "\n"))
    }
    let ways = interfaces.map { index in
      var way = interface()
      way.index = index
      way.mac = (2, 2, 2, 2, 2, 2)
      return way
    }
    var image = try image(
      ChainPlan(chain), addresses: Self.listeners, port: 7777, interfaces: ways, hopLifetime: hopLifetime)
    edit(&image)
    program = try KernelProgram(image, in: chain.program)
    cells = try program.counters.cells()
    try program.maps.setEndpoints([Self.endpoint])
    try program.maps.setToken(Self.token, endpoints: [Self.endpoint])
    for way in Self.reads + Self.replies { try open(way, hop) }
  }

  /// Opens the route that the frames of a way take.
  func open(_ way: Way, _ hop: KernelRoute.Hop? = hop) throws {
    let route = KernelRoute(from: way.leaves.source, to: way.leaves.destination, hop: hop)
    switch way.direction {
    case .read: try program.maps.setRoute(client: way.comes.source, endpoint: Self.endpoint, route)
    case .write: try program.maps.setRoute(server: way.comes.source, proxy: way.comes.destination, route)
    }
  }

  /// Runs a frame, and reports what differs from what must come of it.
  func check(
    _ name: @autoclosure () -> String, _ frame: [UInt8], behind metadata: [UInt8] = [], _ expected: Expectation,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try program.run(frame, behind: metadata)
    let before = cells
    cells = try program.counters.cells()
    var problems: [String] = []
    if result.action != expected.action { problems.append("action \(result.action), expected \(expected.action)") }
    let bytes = expected.frame ?? frame
    if !Self.areSame(result.frame, bytes) {
      problems.append("frame\n  \(Self.text(result.frame)), expected\n  \(Self.text(bytes))")
    }
    var counted: [Int: UInt64] = [:]
    if !Self.areSame(before, cells) {
      for cell in before.indices where before[cell] != cells[cell] {
        counted[cell / program.counters.processors, default: 0] += cells[cell] - before[cell]
      }
    }
    if counted != expected.counted { problems.append("counted \(counted), expected \(expected.counted)") }
    guard !problems.isEmpty else { return }
    Issue.record(
      "\(name()): \(problems.joined(separator: "\n"))\nin\n  \(Self.text(frame))", sourceLocation: sourceLocation)
  }

  /// As the array's own comparison, which takes long where it is not optimised.
  private static func areSame<Element: BitwiseCopyable>(_ one: [Element], _ other: [Element]) -> Bool {
    one.count == other.count
      && one.withUnsafeBytes { one in
        other.withUnsafeBytes { memcmp(one.baseAddress!, $0.baseAddress!, one.count) == 0 }
      }
  }

  private static func text(_ bytes: [UInt8]) -> String {
    "\(bytes.count) bytes "
      + bytes.prefix(120).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

extension TrialBench {
  /// Client to server. The order of the families is that of `replies`.
  static let reads = [
    way("v4 to v4", .read, "10.0.0.9:5000", "10.0.0.1:7777", "10.0.0.1:40000", "10.0.0.5:9000"),
    way("v6 to v6", .read, "[fd00::9]:5000", "[fd00::1]:7777", "[fd00::1]:40001", "[fd00::5]:9001"),
    way("v4 to v6", .read, "10.0.0.9:5001", "10.0.0.1:7777", "[fd00::1]:40002", "[fd00::5]:9001"),
    way("v6 to v4", .read, "[fd00::9]:5001", "[fd00::1]:7777", "10.0.0.1:40003", "10.0.0.5:9000"),
  ]
  static let replies = [
    way("reply v4 to v4", .write, "10.0.0.5:9000", "10.0.0.1:40000", "10.0.0.1:7777", "10.0.0.9:5000"),
    way("reply v6 to v6", .write, "[fd00::5]:9001", "[fd00::1]:40001", "[fd00::1]:7777", "[fd00::9]:5000"),
    way("reply v6 to v4", .write, "[fd00::5]:9001", "[fd00::1]:40002", "10.0.0.1:7777", "10.0.0.9:5001"),
    way("reply v4 to v6", .write, "10.0.0.5:9000", "10.0.0.1:40003", "[fd00::1]:7777", "[fd00::9]:5001"),
  ]
  static let ways = reads + replies

  private static func way(
    _ name: String, _ direction: Direction, _ source: String, _ destination: String, _ newSource: String,
    _ newDestination: String
  ) -> Way {
    var comes = Frame(from: try! SocketAddress(source), to: try! SocketAddress(destination), [])
    comes.trafficClass = 0xb9
    var leaves = Frame(from: try! SocketAddress(newSource), to: try! SocketAddress(newDestination), [])
    leaves.trafficClass = 0xb9
    leaves.ttl = comes.ttl - 1
    leaves.sourceMAC = ourMAC
    leaves.destinationMAC = hopMAC
    // What is translated is a new datagram that must not be fragmented, and needs no identification (RFC 6864).
    if !comes.source.ip.isV4 { leaves.identification = 0 }
    return Way(name: name, direction: direction, comes: comes, leaves: leaves)
  }

  /// Bytes without a pattern, the same for the same seed.
  static func bytes(_ count: Int, seed: Int = 1) -> [UInt8] {
    var state = UInt32(truncatingIfNeeded: seed) &* 2_654_435_761 &+ 1
    return (0..<count).map { _ in
      state = state &* 1_103_515_245 &+ 12_345
      return UInt8(truncatingIfNeeded: state >> 16)
    }
  }
}
