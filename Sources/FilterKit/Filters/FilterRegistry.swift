/// The filters that a configuration may name.
public struct FilterRegistry: Sendable {
  private var types: [String: any Filter.Type] = [:]
  /// The short names, in the order of registration.
  public private(set) var names: [String] = []
  /// The kernel's program with the packet programs of the filters.
  public private(set) var program: ProgramObject

  /// - Parameters:
  ///   - filters: in the order in which they are listed.
  ///   - program: `.compiled`, in a target that uses the plugin `CompilePacketPrograms`. Without one all filters run on sockets.
  public init(_ filters: [any Filter.Type] = [], program: ProgramObject = .none) {
    self.program = program
    for filter in filters { register(filter) }
  }

  /// The same filters and more.
  ///
  /// ```swift
  /// extension FilterRegistry {
  ///   public static var withMine: FilterRegistry { .builtin.adding(MyFilter.self, program: .compiled) }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - filters: those to add. One takes the place of a filter with the same name.
  ///   - program: `.compiled`, in a target that uses the plugin `CompilePacketPrograms`: it takes the place of the program of this
  ///     registry. nil where none of the filters has a packet program.
  public func adding(_ filters: any Filter.Type..., program: ProgramObject? = nil) -> FilterRegistry {
    var registry = self
    for filter in filters { registry.register(filter) }
    if let program { registry.program = program }
    return registry
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
