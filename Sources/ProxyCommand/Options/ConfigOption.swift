import ArgumentParser
import Glibc

/// The option that names the configuration file.
struct ConfigOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The configuration file. (default: proxy.yaml here, else /etc/pinion/proxy.yaml)", valueName: "file"))
  var config: String?

  private static let places = ["proxy.yaml", "/etc/pinion/proxy.yaml"]

  /// The file that was named, else the first of the usual places where there is one. Where there is none, the first place: what
  /// is said about it then names the option.
  func path(_ environment: Environment) throws(UsageError) -> String {
    if let named = try Settings.config.value(config, environment) { return named }
    if let found = Self.places.first(where: { access($0, F_OK) == 0 }) { return found }
    throw UsageError(
      "There is no configuration: neither \(Self.places.joined(separator: " nor ")) exists. Name one with --config <file>.",
      help: "proxy run --help")
  }
}
