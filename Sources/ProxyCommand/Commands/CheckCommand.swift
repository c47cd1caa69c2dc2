import ArgumentParser
import FilterKit
import Operations
import ProxyConfiguration

/// `proxy check`: says all that is wrong with a configuration.
struct CheckCommand: ProxySubcommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "List all errors and warnings of a configuration file.",
    discussion: """
      Reads the file as 'proxy run' does, and does not touch the network: the names of endpoints are not looked up. Errors \
      and warnings go to the standard error, one a line, as FILE:LINE:COLUMN: MESSAGE. The exit code is 0 where the file can \
      be used, and 1 where it cannot.

      EXAMPLE:
        $ proxy check --config edge.yaml
        edge.yaml:3:11: unknown filter 'Captur' (did you mean 'Capture'?)
        edge.yaml: 1 error
      """)

  @OptionGroup var config: ConfigOption

  func run(with runner: CommandRunner) async throws(UsageError) -> ExitStatus {
    let file = try config.path(runner.environment)
    do throws(ConfigurationError) {
      let configuration = try ConfigurationFile.load(file, registry: runner.filters, metrics: Metrics())
      for line in configuration.warnings.lines(in: file) { StandardError.write(line + "\n") }
      print("\(file): ok, \(Self.summary(configuration))")
      return .stoppedAsAsked
    } catch {
      for line in error.lines { StandardError.write(line + "\n") }
      if error.unreadable == nil { StandardError.write("\(file): \(Self.summary(error.report))\n") }
      return .badConfiguration
    }
  }

  private static func summary(_ configuration: Configuration) -> String {
    let warnings = configuration.warnings.warningCount
    return "\(count(configuration.chain.nodes.count, "filter")), \(count(configuration.endpoints.count, "endpoint"))"
      + (warnings > 0 ? ", \(count(warnings, "warning"))" : "")
  }

  private static func summary(_ report: DiagnosticReport) -> String {
    count(report.errorCount, "error") + (report.warningCount > 0 ? ", \(count(report.warningCount, "warning"))" : "")
  }
}
