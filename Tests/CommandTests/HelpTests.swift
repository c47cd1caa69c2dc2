import Operations
import TestNetwork
import Testing

@testable import ProxyCommand

@Suite struct HelpTests {
  private func output(_ arguments: String...) throws -> String {
    let process = try ChildProcess.proxy(arguments)
    #expect(try process.awaitExit() == .exited(0))
    return process.output
  }

  @Test(
    "The help fits into 80 columns",
    arguments: [
      ["--help"], ["run", "--help"], ["ebpf", "--help"], ["check", "--help"], ["explain", "--help"],
      ["status", "--help"], ["top", "--help"], ["detach", "--help"], ["help", "run"],
    ])
  func width(arguments: [String]) throws {
    let process = try ChildProcess.proxy(arguments, environment: ["COLUMNS": "80"])
    #expect(try process.awaitExit() == .exited(0))
    #expect(process.output.split(separator: "\n").filter { $0.count > 80 } == [])
  }

  @Test("The help has every option, and every option has a variable")
  func options() throws {
    let kernel = [
      Settings.interface.variable, Settings.attach.variable, Settings.requireOffload.variable, Settings.stay.variable,
    ]
    #expect(try options(of: "ebpf") == Settings.variables.map(Self.option))
    #expect(try options(of: "run") == Settings.variables.filter { !kernel.contains($0) }.map(Self.option))
  }

  private func options(of command: String) throws -> [String] {
    let help = try output(command, "--help")
    let options = help.split(separator: "\n").compactMap { line -> String? in
      guard line.hasPrefix("  --"), let name = line.split(separator: " ").first else { return nil }
      return String(name)
    }
    return options.filter { $0 != "--version" }
  }

  /// `--idle-timeout` for `PROXY_IDLE_TIMEOUT`.
  private static func option(of variable: String) -> String {
    "--" + variable.dropFirst(6).lowercased().map { $0 == "_" ? "-" : $0 }
  }

  @Test("The help says how the process ends", arguments: [["--help"], ["run", "--help"]])
  func exitCodes(arguments: [String]) throws {
    let process = try ChildProcess.proxy(arguments)
    #expect(try process.awaitExit() == .exited(0))
    for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "70"] { #expect(process.output.contains("\n  \(code)  ")) }
  }

  @Test("The version is that of the metrics") func version() throws {
    #expect(try output("--version") == "\(proxyVersion)\n")
  }
}
