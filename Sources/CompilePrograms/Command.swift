import Foundation

/// A call of another program.
enum Command {
  struct Result {
    let status: Int32
    /// Both streams together.
    let output: String
    var succeeded: Bool { status == 0 }
  }

  static func run(_ program: URL, _ arguments: [String]) throws(BuildError) -> Result {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = program
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    do {
      try process.run()
      let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      return Result(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    } catch {
      throw BuildError("\(program.path) does not run: \(error.localizedDescription)")
    }
  }
}
