/// Why a program cannot be run to its end.
public struct ProgramFailure: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
