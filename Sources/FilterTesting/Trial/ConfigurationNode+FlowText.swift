import FilterKit

extension ConfigurationNode {
  /// The node as YAML on one line.
  var flowText: String {
    switch content {
    case .plain(let text):
      // Text without quotes that is no number and the like may have characters that mean something between brackets.
      if case .text = PlainScalar(text), !text.allSatisfy({ $0.isLetter || $0.isNumber || "_-./".contains($0) }) {
        Self.quoted(text)
      } else {
        PlainScalar.isNull(text) ? "null" : text
      }
    case .quoted(let text): Self.quoted(text)
    case .sequence(let items): "[\(items.map(\.flowText).joined(separator: ", "))]"
    case .mapping: "{\(flowFields)}"
    case .unusable: "null"
    }
  }

  /// The entries of a mapping, without its braces.
  var flowFields: String {
    guard case .mapping(let entries) = content else { return "" }
    return entries.map { "\(Self.key($0.key)): \($0.value.flowText)" }.joined(separator: ", ")
  }

  private static func key(_ text: String) -> String {
    text.allSatisfy { $0.isLetter || $0.isNumber || "_-./".contains($0) } && !text.isEmpty ? text : quoted(text)
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar -> String in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n": "\\n"
      case "\t": "\\t"
      default: String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }
}
