import ArgumentParser
import ProxyConfiguration

/// `proxy schema`: the configuration file as a JSON Schema.
struct SchemaCommand: ProxySubcommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of the configuration file, filters included.",
    discussion: """
      For editors that complete and check YAML by a schema. Some rules take more than one key to say, such as "exactly one of \
      these": 'proxy check' knows them all.

      EXAMPLE:
        $ proxy schema > proxy.schema.json
        and as the first line of a configuration:
        # yaml-language-server: $schema=proxy.schema.json
      """)

  func run(with runner: CommandRunner) -> ExitStatus {
    print(ConfigurationSchema(runner.filters).json.text)
    return .stoppedAsAsked
  }
}
