import FilterKit

/// Ports as a rule of `Firewall` names them: `7000`, or `7000-7100` for 7000 up to 7099.
struct PortRange: BitwiseCopyable, Sendable {
  var lowerBound: UInt32
  /// The first port that is not in the range.
  var upperBound: UInt32

  @inline(__always) func contains(_ port: UInt16) -> Bool {
    UInt32(port) >= lowerBound && UInt32(port) < upperBound
  }
}

extension PortRange {
  /// Why text is no port and no range of ports.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  init(_ text: String) throws(Failure) {
    let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = Self.number(parts[0], upTo: 65_535) else { throw Self.malformed(text) }
    guard parts.count == 2 else {
      self.init(lowerBound: first, upperBound: first + 1)
      return
    }
    guard let end = Self.number(parts[1], upTo: 65_536) else { throw Self.malformed(text) }
    guard first < end else {
      throw Failure(
        description: "the range \(excerpt(text)) is empty: 'a-b' holds the ports from a up to but without b, so a < b")
    }
    self.init(lowerBound: first, upperBound: end)
  }

  private static func malformed(_ text: String) -> Failure {
    Failure(description: "expected a port from 0 to 65535 or a range 'a-b' with b up to 65536, found \(excerpt(text))")
  }

  private static func number(_ digits: Substring, upTo limit: UInt32) -> UInt32? {
    guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
      return nil
    }
    return UInt32(digits).flatMap { $0 <= limit ? $0 : nil }
  }
}
