import FilterKit

extension Chain {
  /// The filters in their order, with their labels and without options.
  init(
    _ filters: [(type: any Filter.Type, label: String?)], metrics: Metrics = Metrics(),
    program: ProgramObject = ProgramObject(digits: "", names: [])
  ) {
    let entry = { (key: String, value: String) in
      ConfigurationNode.Entry(key: key, keyMark: .start, value: ConfigurationNode(.quoted(value), at: .start))
    }
    let nodes = filters.map { type, label in
      ConfigurationNode(
        .mapping([entry("name", type.name)] + (label.map { [entry("label", $0)] } ?? [])), at: .start)
    }
    self = Chain.read(
      nodes, registry: FilterRegistry(filters.map(\.type), program: program), metrics: metrics,
      diagnostics: Diagnostics())
  }

  init(_ filters: any Filter.Type..., metrics: Metrics = Metrics()) {
    self.init(filters.map { ($0, nil) }, metrics: metrics)
  }
}
