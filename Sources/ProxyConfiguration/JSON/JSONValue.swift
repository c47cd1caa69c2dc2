/// A JSON text in the making (RFC 8259). Members keep their order.
package indirect enum JSONValue {
  case string(String)
  case number(Int)
  case bool(Bool)
  case null
  case array([JSONValue])
  case object([(name: String, value: JSONValue)])

  /// The text, indented by two spaces. What holds no other array or object stands on one line.
  package var text: String { text(indent: "") }

  private func text(indent: String) -> String {
    switch self {
    case .string(let text): return JSONString.quoted(text)
    case .number(let number): return "\(number)"
    case .bool(let bool): return "\(bool)"
    case .null: return "null"
    case .array(let items):
      return Self.list("[", items.map { ("", $0) }, "]", indent)
    case .object(let members):
      return Self.list("{", members.map { (JSONString.quoted($0.name) + ": ", $0.value) }, "}", indent)
    }
  }

  private static func list(
    _ open: String, _ items: [(prefix: String, value: JSONValue)], _ close: String, _ indent: String
  ) -> String {
    if items.allSatisfy({ $0.value.isScalar }) {
      return open + items.map { $0.prefix + $0.value.text }.joined(separator: ", ") + close
    }
    let inner = indent + "  "
    let lines = items.map { inner + $0.prefix + $0.value.text(indent: inner) }
    return open + "\n" + lines.joined(separator: ",\n") + "\n" + indent + close
  }

  private var isScalar: Bool {
    switch self {
    case .array(let items): items.isEmpty
    case .object(let members): members.isEmpty
    default: true
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral text: String) { self = .string(text) }
  package init(integerLiteral number: Int) { self = .number(number) }
  package init(booleanLiteral bool: Bool) { self = .bool(bool) }
  package init(arrayLiteral items: JSONValue...) { self = .array(items) }
  package init(dictionaryLiteral members: (String, JSONValue)...) { self = .object(members) }
}
