/// The filters of a configuration in their order, ready to run. Workers share it.
public struct Chain: Sendable {
  public let nodes: [FilterNode]
  /// The names of the metadata keys; a key is a place in this list.
  public let keys: [String]
  /// What the kernel runs of the filters.
  public let program: ProgramObject

  /// Runs all packets of the batch through the filters: in order on read, in reverse order on write.
  public func run(_ direction: Direction, _ batch: inout PacketBatch) {
    switch direction {
    case .read: for index in 0..<nodes.count { nodes.run(index, .read, &batch) }
    case .write: for index in 0..<nodes.count { nodes.run(nodes.count &- 1 &- index, .write, &batch) }
    }
  }
}

extension Chain {
  /// Reads a list of filter entries, `{name, label?, config?}`. Mistakes go to `diagnostics`, what filters log goes to `log`.
  /// Filters go on with the state that they find in `states`.
  public static func read(
    _ entries: [ConfigurationNode], registry: FilterRegistry, metrics: Metrics, diagnostics: Diagnostics,
    states: FilterStates = FilterStates(), log: @escaping @Sendable (String) -> Void = FilterContext.standardError
  ) -> Chain {
    var context = FilterContext(
      registry: registry, metrics: metrics, diagnostics: diagnostics, states: states, log: log)
    let nodes = entries.compactMap { entry in
      var options = Options(entry, diagnostics: diagnostics)
      let node = context.filter(in: &options)
      options.finish()
      return node
    }
    context.checkRequiredKeys()
    return Chain(nodes: nodes, keys: context.keyNames, program: registry.program)
  }
}
