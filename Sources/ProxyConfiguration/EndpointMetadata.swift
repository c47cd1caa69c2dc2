public import FilterKit

/// Metadata of an endpoint that the proxy keeps and does not read.
public indirect enum EndpointMetadata: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  /// A number with a fraction, or one too large for 64 bits.
  case number(Double)
  case string(String)
  case list([EndpointMetadata])
  case mapping([String: EndpointMetadata])

  /// What a piece of a file stands for.
  public init(_ node: ConfigurationNode) {
    switch node.content {
    case .plain(let text): self = Self.plain(text)
    case .quoted(let text): self = .string(text)
    case .sequence(let items): self = .list(items.map(EndpointMetadata.init))
    case .mapping(let entries):
      self = .mapping(Dictionary(entries.map { ($0.key, EndpointMetadata($0.value)) }) { first, _ in first })
    case .unusable: self = .null
    }
  }

  private static func plain(_ text: String) -> EndpointMetadata {
    switch PlainScalar(text) {
    case .null: .null
    case .bool(let value): .bool(value)
    case .integer(let magnitude?, let isNegative):
      Int(exactly: isNegative ? -Int128(magnitude) : Int128(magnitude)).map { .integer($0) }
        ?? .number(isNegative ? -Double(magnitude) : Double(magnitude))
    // Infinity and such have no number in the forms that metadata is shown in.
    case .integer, .fraction: Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .string(text)
    case .text: .string(text)
    }
  }
}
