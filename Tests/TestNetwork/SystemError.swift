import Glibc

/// A system call that failed.
public struct SystemError: Error, CustomStringConvertible, Sendable {
  /// What was tried, in words.
  public let operation: String
  /// The number of the error, as in `errno`.
  public let code: Int32

  init(_ operation: String, code: Int32 = errno) {
    self.operation = operation
    self.code = code
  }

  public var description: String { "\(operation): \(String(cString: strerror(code)))" }
}

/// The result of a system call, or its error where it is negative.
func checked<Result: SignedInteger>(_ result: Result, _ operation: @autoclosure () -> String) throws(SystemError)
  -> Result
{
  if result < 0 {
    let code = errno
    throw SystemError(operation(), code: code)
  }
  return result
}
