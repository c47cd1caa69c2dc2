import Glibc

extension ChildProcess {
  /// Starts the command `proxy`, or a variant of it, as it was built together with the tests.
  public static func proxy(
    _ arguments: [String], executable: String = "proxy", environment: [String: String] = [:],
    in namespace: NetworkNamespace? = nil
  ) throws -> ChildProcess {
    try ChildProcess(try productDirectory() + "/" + executable, arguments, environment: environment, in: namespace)
  }

  /// The folder that SwiftPM builds into: the test runner lies there, and the products beside it.
  public static func productDirectory() throws -> String {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      let size = try checked(readlink("/proc/self/exe", buffer.baseAddress!, buffer.count), "find the test runner")
      let path = String(
        decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<size]), as: UTF8.self)
      return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
  }
}
