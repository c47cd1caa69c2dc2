/// A metadata value that stands in the configuration. Packets' values are compared with it (see `Match`).
public indirect enum MetadataConstant: Hashable, Sendable {
  case bool(Bool)
  case number(UInt64)
  case string(String)
  case list([MetadataConstant])
}

extension MetadataConstant: CustomStringConvertible {
  public var description: String {
    switch self {
    case .bool(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): excerpt(value, quote: "\"")
    case .list(let values): "[\(values.map(\.description).joined(separator: ", "))]"
    }
  }
}
