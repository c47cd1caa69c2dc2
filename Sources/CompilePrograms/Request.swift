import Foundation

/// What the tool is asked to do.
struct Request {
  /// The folder with `swiftc`, `clang` and the rest.
  let toolchain: URL
  /// The root of the package that has the filters of the proxy.
  let package: URL
  /// The Swift source to write.
  let output: URL
  /// Whether it is an error where no object can be made. Otherwise the proxy is built without one, and says why.
  let isRequired: Bool
  /// The files that may hold packet programs.
  let sources: [URL]

  static let usage = """
    usage: CompilePrograms --toolchain FOLDER --package FOLDER --output FILE.swift [--required] [PROGRAM.swift ...]
    """

  init(_ arguments: [String]) throws(BuildError) {
    var values: [String: URL] = [:]
    var sources: [URL] = []
    var isRequired = false
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--toolchain", "--package", "--output":
        guard let value = rest.popFirst() else { throw BuildError("'\(argument)' needs a value\n\(Self.usage)") }
        values[argument] = URL(fileURLWithPath: value)
      case "--required": isRequired = true
      case _ where argument.hasPrefix("-"): throw BuildError("unknown option '\(argument)'\n\(Self.usage)")
      default: sources.append(URL(fileURLWithPath: argument))
      }
    }
    guard let toolchain = values["--toolchain"], let package = values["--package"], let output = values["--output"]
    else {
      throw BuildError(Self.usage)
    }
    self.toolchain = toolchain
    self.package = package
    self.output = output
    self.isRequired = isRequired
    self.sources = sources
  }
}
