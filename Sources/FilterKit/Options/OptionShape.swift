/// What a reader of options asks for: the keys of a mapping, and what each of them may hold.
package final class OptionShape {
  package indirect enum Value {
    case anything
    case string(default: String?)
    case base64
    case choice([String], default: String?)
    case integer(ClosedRange<Int>, default: Int?)
    case boolean(default: Bool?)
    case constant
    case mapping(OptionShape)
    case list(Value)
  }

  package struct Property {
    package let key: String
    package let value: Value
    package let isRequired: Bool
  }

  /// In the order in which they were asked for.
  package private(set) var properties: [Property] = []
  /// Whether the mapping names a filter, with its label and configuration, beside the properties.
  package private(set) var isFilter = false

  package init() {}

  /// Notes a key. What a later call says of the same key counts, unless it says less.
  func note(_ key: String, _ value: Value, isRequired: Bool) {
    guard let index = properties.firstIndex(where: { $0.key == key }) else {
      properties.append(Property(key: key, value: value, isRequired: isRequired))
      return
    }
    if case .anything = value { return }
    properties[index] = Property(key: key, value: value, isRequired: isRequired)
  }

  func noteFilter() { isFilter = true }
}

extension FilterRegistry {
  /// The options of a filter, found by letting it ask for them. It must ask for all of them, whatever their values.
  package func shape(of filter: any Filter.Type) -> OptionShape {
    let shape = OptionShape()
    var options = Options(noting: shape)
    var context = FilterContext(registry: self, metrics: Metrics(), diagnostics: Diagnostics(), log: { _ in })
    _ = filter.init(options: &options, context: &context)
    return shape
  }
}
