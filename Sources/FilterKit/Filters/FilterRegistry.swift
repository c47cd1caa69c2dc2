/// The filters that a configuration may name.
public struct FilterRegistry: Sendable {
  private var types: [String: any Filter.Type] = [:]
  /// The short names, in the order of registration.
  public private(set) var names: [String] = []

  public init(_ filters: [any Filter.Type] = []) {
    for filter in filters { register(filter) }
  }

  /// Adds a filter under its name and aliases. A filter that comes later takes the name of one that came before.
  public mutating func register(_ filter: any Filter.Type) {
    if types[filter.name] == nil { names.append(filter.name) }
    for name in [filter.name] + filter.aliases { types[name] = filter }
  }

  /// The filter of a name or alias.
  public subscript(name: String) -> (any Filter.Type)? { types[name] }

  /// The filters, in the order of registration.
  package var filters: [any Filter.Type] { names.compactMap { types[$0] } }

  /// All names and aliases.
  public var allNames: [String] { types.keys.sorted() }
}
