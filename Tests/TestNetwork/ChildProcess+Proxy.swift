import Glibc

extension ChildProcess {
  /// Starts the command `proxy` as it was built together with the tests.
  /// - Parameters:
  ///   - executable: The command, or another one with more filters, in the folder that SwiftPM builds into.
  ///   - files: Files that it finds in the place of others, by the paths of these: it gets mounts of its own.
  public static func proxy(
    _ arguments: [String], executable: String = "proxy", environment: [String: String] = [:],
    files: [String: String] = [:], in namespace: NetworkNamespace? = nil
  ) throws -> ChildProcess {
    let path = "\(try productDirectory())/\(executable)"
    if files.isEmpty { return try ChildProcess(path, arguments, environment: environment, in: namespace) }
    let mounts = files.map { place, file in "mount --bind '\(file)' '\(place)' && " }.joined()
    return try ChildProcess(
      "unshare", ["--mount", "sh", "-c", mounts + #"exec "$0" "$@""#, path] + arguments, environment: environment,
      in: namespace)
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
