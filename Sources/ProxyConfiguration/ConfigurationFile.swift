public import FilterKit

/// Loads configuration files.
public enum ConfigurationFile {
  /// Reads the file at `path`. All that is wrong with it is in the error.
  ///
  /// Filters register their counters with `metrics` as they are made, and say what they have to say to `log`, a line each.
  public static func load(
    _ path: String, registry: FilterRegistry, metrics: Metrics,
    log: @escaping @Sendable (String) -> Void = FilterContext.standardError
  ) throws(ConfigurationError) -> Configuration {
    let bytes: [UInt8]
    do throws(FileContents.Failure) {
      bytes = try FileContents.read(path)
    } catch {
      throw ConfigurationError(file: path, unreadable: error.message)
    }
    return try read(bytes, file: path, registry: registry, metrics: metrics, log: log)
  }

  /// Reads a configuration from text. `file` is what errors call it.
  public static func read(
    _ text: String, file: String, registry: FilterRegistry, metrics: Metrics
  ) throws(ConfigurationError) -> Configuration {
    try read(Array(text.utf8), file: file, registry: registry, metrics: metrics)
  }

  /// Reads a configuration from the bytes of a file. `file` is what errors call it.
  public static func read(
    _ bytes: [UInt8], file: String, registry: FilterRegistry, metrics: Metrics,
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
    let chain = Chain.read(reader.filters, registry: registry, metrics: metrics, diagnostics: diagnostics, log: log)
    let report = diagnostics.report
    guard !report.hasErrors else { throw ConfigurationError(file: file, report: report) }
    return Configuration(
      id: reader.id, filters: reader.filters, chain: chain, endpoints: reader.endpoints, warnings: report)
  }
}
