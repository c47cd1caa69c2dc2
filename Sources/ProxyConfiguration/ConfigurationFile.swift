import FilterKit

/// Loads configuration files.
public enum ConfigurationFile {
  /// Reads the file at `path`. All that is wrong with it is in the error.
  public static func load(_ path: String) throws(ConfigurationError) -> Configuration {
    let bytes: [UInt8]
    do throws(FileContents.Failure) {
      bytes = try FileContents.read(path)
    } catch {
      throw ConfigurationError(file: path, unreadable: error.message)
    }
    return try read(bytes, file: path)
  }

  /// Reads a configuration from text. `file` is what errors call it.
  public static func read(_ text: String, file: String) throws(ConfigurationError) -> Configuration {
    try read(Array(text.utf8), file: file)
  }

  private static func read(_ bytes: [UInt8], file: String) throws(ConfigurationError) -> Configuration {
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
    let report = diagnostics.report
    guard !report.hasErrors else { throw ConfigurationError(file: file, report: report) }
    return Configuration(id: reader.id, endpoints: reader.endpoints, warnings: report.diagnostics)
  }
}
