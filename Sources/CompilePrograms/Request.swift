import Foundation

/// What the tool is asked to do.
struct Request {
  /// The folder with `swiftc`, `clang` and the rest.
  let toolchain: URL
  /// The root of the package that has the filters of the proxy.
  let package: URL
  /// The Swift source to write; nil where nothing is written.
  let output: URL?
  /// Whether it is an error where no object can be made. Otherwise the proxy is built without one, and says why.
  let isRequired: Bool
  /// Whether the programs are looked at alone, which takes less time, and nothing is written.
  let onlyChecks: Bool
  /// The files that may hold packet programs.
  let sources: [URL]

  static let usage = """
    usage: CompilePrograms --toolchain FOLDER --package FOLDER --output FILE.swift [--required] [PROGRAM.swift ...]
           CompilePrograms --toolchain FOLDER --package FOLDER --check PROGRAM.swift ...
    """

  init(_ arguments: [String]) throws(BuildError) {
    var values: [String: URL] = [:]
    var sources: [URL] = []
    var isRequired = false
    var onlyChecks = false
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--toolchain", "--package", "--output":
        guard let value = rest.popFirst() else {
          throw BuildError("'\(argument)' needs a value\n\(Self.usage)")
        }
        values[argument] = URL(fileURLWithPath: value)
      case "--required": isRequired = true
      case "--check": onlyChecks = true
      case _ where argument.hasPrefix("-"):
        throw BuildError("unknown option '\(argument)'\n\(Self.usage)")
      default: sources.append(URL(fileURLWithPath: argument))
      }
    }
    guard let toolchain = values["--toolchain"], let package = values["--package"],
      onlyChecks != (values["--output"] != nil)
    else { throw BuildError(Self.usage) }
    self.toolchain = toolchain
    self.package = package
    output = values["--output"]
    self.isRequired = isRequired || onlyChecks
    self.onlyChecks = onlyChecks
    self.sources = sources
  }
}
