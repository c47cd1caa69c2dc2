import ArgumentParser
import FilterKit

/// `proxy new`: begins something.
struct NewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Begin a filter of your own.", subcommands: [NewFilterCommand.self])
}

/// `proxy new filter`: writes the package of a filter.
struct NewFilterCommand: ProxySubcommand {
  static let configuration = CommandConfiguration(
    commandName: "filter",
    abstract: "Write a Swift package with a filter, its tests, and a proxy that has it.",
    discussion: """
      The filter checks the last byte of a datagram and takes it off, on the sockets and in the kernel. It builds and its tests pass \
      as it is; change it from there.

      EXAMPLE:
        $ proxy new filter XORToken
        $ cd XORToken
        $ swift test
      """)

  @Argument(help: "The filter's name in configurations, and its type in Swift: 'XORToken'.") var name: String
  @Option(help: ArgumentHelp("Where the package is written.", valueName: "folder")) var at: String?
  @Option(
    help: ArgumentHelp(
      "The package of this proxy, as a folder or an address of Git; the checkout that this command was built in where left out.",
      valueName: "location"))
  var pinion: String?

  func run(with runner: CommandRunner) throws(UsageError) -> ExitStatus {
    do throws(NewPackageError) {
      let location = if let pinion { try PackageLocation(pinion) } else { try PackageLocation.ofThisExecutable() }
      let package = try FilterPackage(name: name, pinion: location, taken: runner.filters.allNames)
      let folder = at ?? name
      try package.write(to: folder)
      print(package.introduction(in: folder))
      return .stoppedAsAsked
    } catch {
      throw UsageError(error.message, help: "proxy new filter --help")
    }
  }
}
