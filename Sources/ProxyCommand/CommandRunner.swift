import ArgumentParser
import FilterKit
import Operations

/// Reads the command line and does what it says.
struct CommandRunner {
  let filters: FilterRegistry
  let environment: Environment

  func run(_ arguments: [String]) async -> ExitStatus {
    do {
      if let unknown = unknownCommand(arguments) { throw unknown }
      var command = try RootCommand.parseAsRoot(arguments)
      guard let subcommand = command as? any ProxySubcommand else {
        try command.run()
        return .stoppedAsAsked
      }
      return try await subcommand.run(with: self)
    } catch let error as UsageError {
      StandardError.write("Error: \(error.message)\n  See '\(error.help)' for more information.\n")
      return .badUsage
    } catch {
      let text = RootCommand.fullMessage(for: error)
      switch RootCommand.exitCode(for: error) {
      case .success:
        print(text)
        return .stoppedAsAsked
      case .validationFailure:
        StandardError.write(text + "\n")
        return .badUsage
      default:
        StandardError.write(text + "\n")
        return .bug
      }
    }
  }

  /// A first word that is no command. The parser would take it for an argument of `run`.
  private func unknownCommand(_ arguments: [String]) -> UsageError? {
    guard let word = arguments.first, !word.utf8.starts(with: "-".utf8) else { return nil }
    let names = RootCommand.configuration.subcommands.map { $0._commandName } + ["help"]
    guard !names.contains(word) else { return nil }
    return UsageError("Unknown command \(excerpt(word))\(Spelling.hint(for: word, among: names))", help: "proxy --help")
  }
}

/// A part of the command line.
protocol ProxySubcommand: ParsableCommand {
  func run(with runner: CommandRunner) async throws(UsageError) -> ExitStatus
}

/// Something is wrong with how the command was called.
struct UsageError: Error, CustomStringConvertible {
  let message: String
  /// The command that tells more.
  let help: String

  init(_ message: String, help: String) {
    self.message = message
    self.help = help
  }

  var description: String { message }
}
