import FilterKit

/// What a filter left under a metadata key, as tests write and compare it: `true`, `7`, `"token"`, `[1, 2]`.
public enum MetadataValue: Hashable, Sendable {
  case bool(Bool)
  case number(UInt64)
  /// Bytes that were captured, or set. A text stands for its UTF-8.
  case bytes(Payload)
  case list([Payload])
}

extension MetadataValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral
{
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: UInt64) { self = .number(value) }
  public init(stringLiteral text: String) { self = .bytes(Payload(text)) }
  public init(arrayLiteral bytes: UInt8...) { self = .bytes(Payload(bytes)) }
}

extension MetadataValue: CustomStringConvertible {
  public var description: String {
    switch self {
    case .bool(let value): "\(value)"
    case .number(let value): "\(value)"
    case .bytes(let bytes): "\(bytes)"
    case .list(let items): "[\(items.map(\.description).joined(separator: ", "))]"
    }
  }
}

extension PacketBatch {
  /// What a packet has under the keys of its chain.
  func metadata(_ index: Int, keys: [String]) -> [String: MetadataValue] {
    let packet = packet(index)
    var values: [String: MetadataValue] = [:]
    for (number, name) in keys.enumerated() {
      let key = MetadataKey(index: UInt16(number))
      switch packet.kind(of: key) {
      case .none: continue
      case .bool: values[name] = .bool(packet.scalar(of: key) != 0)
      case .number: values[name] = .number(packet.scalar(of: key))
      case .bytes, .string: values[name] = .bytes(Payload(packet.bytes(of: key).withUnsafeBytes { Array($0) }))
      case .list: values[name] = .list(packet.items(of: key).map { Payload($0) })
      }
    }
    return values
  }
}
