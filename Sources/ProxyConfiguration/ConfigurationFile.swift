public import FilterKit

/// Loads configuration files.
public enum ConfigurationFile {
  /// Reads the file at `path`. All that is wrong with it is in the error.
  ///
  /// Filters register their counters with `metrics` as they are made, go on with what they find in `states`, and say what they have to
  /// say to `log`, a line each.
  public static func load(
    _ path: String, registry: FilterRegistry, metrics: Metrics, states: FilterStates = FilterStates(),
    log: @escaping @Sendable (String) -> Void = FilterContext.standardError
  ) throws(ConfigurationError) -> Configuration {
    try read(try contents(of: path), file: path, registry: registry, metrics: metrics, states: states, log: log)
  }

  /// The bytes of the file at `path`.
  package static func contents(of path: String) throws(ConfigurationError) -> [UInt8] {
    do throws(FileContents.Failure) {
      return try FileContents.read(path)
    } catch {
      throw ConfigurationError(file: path, unreadable: error.message)
    }
  }

  /// Reads a configuration from text. `file` is what errors call it.
  public static func read(
    _ text: String, file: String, registry: FilterRegistry, metrics: Metrics
  ) throws(ConfigurationError) -> Configuration {
    try read(Array(text.utf8), file: file, registry: registry, metrics: metrics)
  }

  /// Reads a configuration from the bytes of a file. `file` is what errors call it.
  public static func read(
    _ bytes: [UInt8], file: String, registry: FilterRegistry, metrics: Metrics, states: FilterStates = FilterStates(),
    log: @escaping @Sendable (String) -> Void = FilterContext.standardError
  ) throws(ConfigurationError) -> Configuration {
    guard bytes.count <= FileContents.maximumSize else {
      throw ConfigurationError(file: file, unreadable: FileContents.tooLarge.message)
    }
    let diagnostics = Diagnostics()
    var reader = ConfigurationReader()
    if let root = YAMLDocument.read(bytes.span, diagnostics: diagnostics) {
      var options = Options(root, diagnostics: diagnostics)
      reader.read(&options)
      options.finish()
    }
    let chain = Chain.read(
      reader.filters, registry: registry, metrics: metrics, diagnostics: diagnostics, states: states, log: log)
    let report = diagnostics.report
    guard !report.hasErrors else { throw ConfigurationError(file: file, report: report) }
    return Configuration(
      id: reader.id, filters: reader.filters, chain: chain, endpoints: reader.endpoints, warnings: report)
  }

  /// The filters and the endpoints of a configuration that need not name its version, for tests.
  package static func parts(
    of root: ConfigurationNode, diagnostics: Diagnostics
  ) -> (filters: [ConfigurationNode], endpoints: [Endpoint], hasClusters: Bool) {
    var root = root
    if case .mapping(let entries) = root.content, !entries.contains(where: { $0.key == "version" }) {
      let version = ConfigurationNode(.plain("v1alpha1"), at: root.mark)
      root = ConfigurationNode(
        .mapping([.init(key: "version", keyMark: root.mark, value: version)] + entries), at: root.mark)
    }
    var options = Options(root, diagnostics: diagnostics)
    var reader = ConfigurationReader()
    reader.read(&options)
    let hasClusters = options.has("clusters")
    options.finish()
    return (reader.filters, reader.endpoints, hasClusters)
  }
}
