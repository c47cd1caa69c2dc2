public import FilterKit

/// Logs one line for each packet and changes nothing.
public struct Debug: Filter {
  public static let name = "Debug"
  public static let aliases = ["quilkin.filters.debug.v1alpha1.Debug"]
  public static let summary = "Logs each packet."
  /// More of a payload is not logged.
  static let maximumBytes = 256

  private let id: String
  private let log: @Sendable (String) -> Void

  public init(options: inout Options, context: inout FilterContext) {
    id = options.optionalString("id") ?? context.label
    log = context.log
  }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    throw KernelRefusal("it logs every packet, which the kernel's program cannot")
  }

  public func read(_ packet: inout Packet) -> Verdict {
    var destinations: [String] = []
    packet.forEachDestination { destinations.append("\($0)") }
    let list = destinations.isEmpty ? "all endpoints" : destinations.joined(separator: ", ")
    log("\(excerpt(id)): read from \(packet.source) to \(list), \(packet.bytes.withUnsafeBytes(Self.payload))")
    return .forward
  }

  public func write(_ packet: inout Packet) -> Verdict {
    log("\(excerpt(id)): write from \(packet.source), \(packet.bytes.withUnsafeBytes(Self.payload))")
    return .forward
  }

  /// Size, text and hex of a payload. Bytes that are not printable ASCII are escaped: the sender must not write to a terminal.
  static func payload(_ bytes: UnsafeRawBufferPointer) -> String {
    let shown = bytes.prefix(maximumBytes)
    let cut = bytes.count > shown.count ? "…" : ""
    var text = ""
    var hex = ""
    for byte in shown {
      let digits = String(byte, radix: 16)
      let twoDigits = byte < 16 ? "0" + digits : digits
      hex += twoDigits
      switch byte {
      case UInt8(ascii: "\n"): text += "\\n"
      case UInt8(ascii: "\r"): text += "\\r"
      case UInt8(ascii: "\t"): text += "\\t"
      case UInt8(ascii: "\\"): text += "\\\\"
      case UInt8(ascii: "\""): text += "\\\""
      case 0x20..<0x7f: text.unicodeScalars.append(Unicode.Scalar(byte))
      default: text += "\\x" + twoDigits
      }
    }
    return "\(bytes.count) bytes, text \"\(text)\(cut)\", hex \(hex)\(cut)"
  }
}
