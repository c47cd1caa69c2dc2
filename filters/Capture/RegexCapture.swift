import FilterKit

/// The half of `Capture` that looks for a regular expression.
struct RegexCapture: Sendable {
  /// More matches than this in one datagram count as a limit that was hit: the list of them takes memory in every worker.
  static let maximumMatches = 4_096

  private let regex: Regex
  private let key: MetadataKey
  private let isPresent: MetadataKey
  private let limits: Counter

  init(_ regex: Regex, key: MetadataKey, isPresent: MetadataKey, limits: Counter) {
    self.regex = regex
    self.key = key
    self.isPresent = isPresent
    self.limits = limits
  }

  func read(batch: inout PacketBatch) {
    let matcher = regex.takeMatcher()
    defer { regex.giveBack(matcher) }
    var rest = batch.livePackets
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      var packet = batch.packet(index)
      let verdict = read(&packet, matcher)
      if !verdict.isForward { batch.drop(index, verdict.reason) }
    }
  }

  func read(_ packet: inout Packet) -> Verdict {
    let matcher = regex.takeMatcher()
    defer { regex.giveBack(matcher) }
    return read(&packet, matcher)
  }

  private func read(_ packet: inout Packet, _ matcher: RegexMatcher) -> Verdict {
    let found = capture(&packet, matcher)
    packet.set(isPresent, bool: found)
    return found ? .forward : .drop(.captureNoValue)
  }

  /// Keeps one match as bytes, more as a list. False for none, and where a limit ended the search.
  private func capture(_ packet: inout Packet, _ matcher: RegexMatcher) -> Bool {
    var first: Range<UInt32> = 0..<0
    var count = 0
    matcher.begin(size: packet.count)
    while true {
      switch packet.bytes.withUnsafeBytes({ matcher.next(in: $0) }) {
      case .match(let range):
        count &+= 1
        switch count {
        case 1: first = range
        case 2:
          packet.beginList(key)
          add(first, &packet)
          add(range, &packet)
        case ...Self.maximumMatches: add(range, &packet)
        default:
          packet.add(to: limits)
          return false
        }
      case .end:
        if count == 1 { _ = packet.capture(at: first.lowerBound, size: UInt32(first.count), as: key) }
        return count > 0
      case .limit:
        packet.add(to: limits)
        return false
      }
    }
  }

  private func add(_ range: Range<UInt32>, _ packet: inout Packet) {
    _ = packet.appendToList(key, at: range.lowerBound, size: UInt32(range.count))
  }
}
