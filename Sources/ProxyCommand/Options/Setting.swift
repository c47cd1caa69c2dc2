import FilterKit

/// An option that the command line or the environment may give. The command line wins.
struct Setting<Value: Sendable>: Sendable {
  /// The name without its dashes, for example `idle-timeout`.
  let name: String
  /// Reads a value.
  let read: @Sendable (String) throws -> Value

  /// The variable of the environment, for example `PROXY_IDLE_TIMEOUT`.
  var variable: String { "PROXY_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined() }

  /// What was given on the command line, else what the environment says.
  ///
  /// - Parameter help: The command that tells more.
  func value(
    _ given: Value?, _ environment: Environment, help: String = "proxy run --help"
  ) throws(UsageError) -> Value? {
    if let given { return given }
    guard let text = environment[variable] else { return nil }
    do {
      return try read(text)
    } catch {
      throw UsageError("The value '\(text)' is invalid for '\(variable)': \(error)", help: help)
    }
  }
}

/// Why the value of an option is none.
struct InvalidValue: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
