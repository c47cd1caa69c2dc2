import Glibc

/// What a filter may ask for while a configuration is loaded: metadata keys, counters, filters inside it.
public struct FilterContext {
  let registry: FilterRegistry
  let metrics: Metrics
  let diagnostics: Diagnostics
  private let states: FilterStates
  /// Takes one line for the log, at the level of information. It is not for what happens on every packet, except where the
  /// user asks for just that.
  public let log: @Sendable (String) -> Void
  /// The label of the filter that is being made.
  public private(set) var label = ""
  private(set) var keyNames: [String] = []
  private var keys: [String: MetadataKey] = [:]
  private var setKeys: [Direction: Set<MetadataKey>] = [:]
  private var requiredKeys: [(key: MetadataKey, direction: Direction, mark: Mark)] = []
  private var labels: Set<String> = []
  private var filterCount = 0
  /// A filter could not be made, so what it would have set is not known.
  private var isIncomplete = false

  /// How many filters a configuration may have, those in branches included. Each one costs a row in the metrics.
  public static let maximumFilters = 1000

  public init(
    registry: FilterRegistry, metrics: Metrics, diagnostics: Diagnostics, states: FilterStates = FilterStates(),
    log: @escaping @Sendable (String) -> Void = FilterContext.standardError
  ) {
    self.registry = registry
    self.metrics = metrics
    self.diagnostics = diagnostics
    self.states = states
    self.log = log
  }

  /// Writes a line to standard error, in one call so that lines of several threads do not mix.
  public static let standardError: @Sendable (String) -> Void = { line in
    var text = line + "\n"
    text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  // MARK: Metadata

  /// The key of a name, for a filter that looks at its value.
  public mutating func key(_ name: String) -> MetadataKey {
    if let key = keys[name] { return key }
    let key = MetadataKey(index: UInt16(truncatingIfNeeded: keyNames.count))
    keys[name] = key
    keyNames.append(name)
    return key
  }

  /// The key of a name, for a filter that sets its value in these directions.
  public mutating func key(_ name: String, setOn directions: Direction...) -> MetadataKey {
    let key = key(name)
    for direction in directions { setKeys[direction, default: []].insert(key) }
    return key
  }

  /// Says that the filter is of no use unless another one sets `key` in this direction. Where none does, the
  /// configuration is refused with the place `mark`.
  public mutating func require(_ key: MetadataKey, on direction: Direction, at mark: Mark) {
    requiredKeys.append((key, direction, mark))
  }

  func checkRequiredKeys() {
    guard !isIncomplete else { return }
    for (key, direction, mark) in requiredKeys where !(setKeys[direction] ?? []).contains(key) {
      diagnostics.error(
        "no filter of the chain sets '\(keyNames[Int(key.index)])' on \(direction), so this would drop every packet "
          + "(what is captured on read is not there on write)",
        at: mark)
    }
  }

  // MARK: Counters

  /// A counter of this filter. `name` is the metric's whole name, by Prometheus' rules; the filter's label is added.
  public func counter(_ name: String, help: String, labels: Metrics.Labels = []) -> Counter {
    metrics.counter(name, help: help, labels: [("filter", label)] + labels)
  }

  /// A histogram of this filter; see `Metrics.histogram`.
  public func histogram(
    _ name: String, help: String, smallestExponent: UInt32, bucketCount: UInt32, scale: Double
  ) -> Histogram {
    metrics.histogram(
      name, help: help, labels: [("filter", label)], smallestExponent: smallestExponent, bucketCount: bucketCount,
      scale: scale)
  }

  // MARK: State

  /// State of this filter that goes on when the configuration is loaded again: that of the filter with the same label, where it had
  /// the same parameters, and otherwise what `make` gives. At most one of a type for each filter.
  ///
  /// The state may be in use while the configuration that asks for it is refused after all, so asking must not change it.
  public func state<State: AnyObject & Sendable>(
    of parameters: some Hashable & Sendable, _ make: () -> State
  ) -> State {
    states.state(of: label, parameters, make)
  }

  // MARK: Filters inside filters

  /// Makes the filter that `name`, `label` and `config` of a mapping describe. Nil where that cannot be; then the reason was
  /// reported.
  public mutating func filter(in options: inout Options) -> FilterNode? {
    if options.notesFilter() { return nil }
    let name = options.string("name")
    let label = options.optionalString("label")
    filterCount += 1
    guard let type = registry[name], filterCount <= Self.maximumFilters else {
      // What is in its config cannot be judged.
      _ = options.node("config")
      isIncomplete = true
      if filterCount == Self.maximumFilters + 1 {
        options.report("more than \(Self.maximumFilters) filters")
      } else if filterCount <= Self.maximumFilters, let written = options.node("name"), written.text != nil {
        options.report(unknownFilter(name), at: written.mark)
      }
      return nil
    }
    return make(type, label: label) { context in
      options.objectOrEmpty("config") { type.init(options: &$0, context: &context) }
    }
  }

  /// Makes a filter without options, for a default such as "Drop".
  public mutating func filter(named name: String, at mark: Mark) -> FilterNode? {
    guard let type = registry[name] else {
      diagnostics.error(unknownFilter(name), at: mark)
      return nil
    }
    let diagnostics = diagnostics
    return make(type, label: nil) { context in
      var none = Options(absent: "config", at: mark, diagnostics: diagnostics)
      let filter = type.init(options: &none, context: &context)
      none.finish()
      return filter
    }
  }

  private func unknownFilter(_ name: String) -> String {
    let hint = Spelling.hint(for: name, among: registry.names + registry.allNames)
    return "unknown filter \(excerpt(name))"
      + (hint.isEmpty ? " (known: \(registry.names.joined(separator: ", ")))" : hint)
  }

  private mutating func make(
    _ type: any Filter.Type, label: String?, _ body: (inout FilterContext) -> any Filter
  ) -> FilterNode {
    let outer = self.label
    defer { self.label = outer }
    self.label = unique(label ?? type.name)
    let unique = self.label
    let number = labels.count - 1
    let time = metrics.counter(
      "proxy_filter_time_seconds_total",
      help: "Time of the workers in a filter, filters inside it included; taken of one batch in 64.",
      labels: [("filter", unique)], scale: 1e-9)
    let filter = LabelText(unique).whileRunning { body(&self) }
    return FilterNode(
      label: unique, filter: filter, number: number,
      drops: metrics.dropRow(filter: unique, reasons: type.dropReasons), time: time)
  }

  private mutating func unique(_ wanted: String) -> String {
    var label = wanted
    var number = 2
    while !labels.insert(label).inserted {
      label = "\(wanted)#\(number)"
      number += 1
    }
    return label
  }
}
