/// Base64 with padding (RFC 4648, section 4), read strictly: one text for any bytes.
public enum Base64 {
  /// Why text is not base64.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// A character that base64 does not have. The position counts from 1.
    case character(Unicode.Scalar, position: Int)
    /// The length is not a multiple of 4, and this much padding is missing.
    case missingPadding(String)
    /// The length is one that no padding makes right.
    case length(Int)
    /// `=` stands where no padding belongs.
    case padding(position: Int)
    /// The last character holds bits that belong to no byte.
    case strayBits(Unicode.Scalar, suggestion: Unicode.Scalar)

    public var description: String {
      switch self {
      case .character(let scalar, let position) where scalar == "-" || scalar == "_":
        "\(excerpt(String(scalar))) at position \(position) belongs to the URL alphabet; use '+' and '/'"
      case .character(let scalar, let position) where scalar.properties.isWhitespace:
        "white space at position \(position)"
      case .character(let scalar, let position):
        "\(excerpt(String(scalar))) at position \(position) is not in its alphabet"
      case .missingPadding(let padding): "add '\(padding)' at the end"
      case .length(let count): "a length of \(count) stands for no whole number of bytes"
      case .padding(let position): "'=' at position \(position) is padding where none belongs"
      case .strayBits(let last, let suggestion):
        "the last character '\(last)' holds bits that belong to no byte; '\(suggestion)' stands for the same bytes"
      }
    }
  }

  public static func decode(_ text: String) throws(Failure) -> [UInt8] {
    var text = text
    let result: Result<[UInt8], Failure> = text.withUTF8 { utf8 in
      do throws(Failure) { return .success(try decode(utf8)) } catch { return .failure(error) }
    }
    switch result {
    case .success(let bytes): return bytes
    case .failure(.character(_, let position)):
      // The bytes before it are ASCII, so the place in bytes is the place in characters.
      throw .character(text.unicodeScalars.dropFirst(position - 1).first ?? "\u{fffd}", position: position)
    case .failure(let failure): throw failure
    }
  }

  private static func decode(_ text: UnsafeBufferPointer<UInt8>) throws(Failure) -> [UInt8] {
    let padding = text.suffix(2).reversed().prefix { $0 == equals }.count
    let digits = UnsafeBufferPointer(rebasing: text.dropLast(padding))
    let values = Self.values
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count * 3 / 4)
    var bits: UInt32 = 0
    var bitCount = 0
    for (offset, character) in digits.enumerated() {
      let value = values[Int(character)]
      guard value != invalid else {
        throw character == equals
          ? .padding(position: offset + 1) : .character(Unicode.Scalar(character), position: offset + 1)
      }
      bits = bits << 6 | UInt32(value)
      bitCount += 6
      if bitCount >= 8 {
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
      }
    }
    let isPadded = text.count % 4 == 0
    switch digits.count % 4 {
    case 1: throw .length(digits.count)
    case 2 where !isPadded: throw padding == 0 ? .missingPadding("==") : .missingPadding("=")
    case 3 where !isPadded: throw padding == 0 ? .missingPadding("=") : .padding(position: digits.count + 1)
    case 0 where padding > 0: throw .padding(position: digits.count + 1)
    default: break
    }
    let stray = bits & (1 << UInt32(bitCount) - 1)
    if stray != 0, let last = digits.last {
      let right = alphabet[Int(values[Int(last)]) & ~Int(stray)]
      throw .strayBits(Unicode.Scalar(last), suggestion: Unicode.Scalar(right))
    }
    return bytes
  }

  private static let equals = UInt8(ascii: "=")
  private static let invalid: UInt8 = 0xff
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: invalid, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()
}
