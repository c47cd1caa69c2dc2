/// The bytes of a datagram, as tests write and compare them.
///
/// It is written as text (`"hello"`, which stands for its UTF-8), as bytes (`[1, 2, 0xff]`), or as a sum of both:
/// `"token" + [0, 7]`. What can be read is shown as text, everything else in hexadecimal.
public struct Payload: Hashable, Sendable {
  public var bytes: [UInt8]

  public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  /// The UTF-8 of a text.
  public init(_ text: String) { bytes = Array(text.utf8) }

  /// Pairs of hexadecimal digits; spaces between them do not count.
  ///
  /// Stops the test where the text is something else: it is a mistake in the test itself.
  public static func hex(_ text: String) -> Payload {
    let digits = text.filter { $0 != " " }.map(\.hexDigitValue)
    precondition(
      digits.count.isMultiple(of: 2) && !digits.contains(nil), "'\(text)' is not pairs of hexadecimal digits")
    return Payload(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0]! << 4 | digits[$0 + 1]!) })
  }

  /// The same bytes several times.
  public static func * (payload: Payload, count: Int) -> Payload {
    Payload(repeatElement(payload.bytes, count: count).joined())
  }

  public static func + (front: Payload, back: Payload) -> Payload { Payload(front.bytes + back.bytes) }

  /// The size in bytes.
  public var count: Int { bytes.count }
}

extension Payload: ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
  public init(stringLiteral text: String) { self.init(text) }
  public init(arrayLiteral bytes: UInt8...) { self.init(bytes) }
}

extension Payload: CustomStringConvertible {
  /// `"hello"`, or `68 65 00 ff (4 bytes)` where there are bytes that cannot be read. Cut after 64 bytes.
  public var description: String {
    let shown = bytes.prefix(64)
    let rest = bytes.count > shown.count ? "…" : ""
    let isReadable = shown.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "\"") }
    guard !isReadable else {
      return "\"\(String(decoding: shown, as: UTF8.self))\(rest)\"" + (rest.isEmpty ? "" : " (\(bytes.count) bytes)")
    }
    return shown.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
      + "\(rest) (\(bytes.count) bytes)"
  }
}
