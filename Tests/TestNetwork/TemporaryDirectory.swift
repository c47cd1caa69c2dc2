import Glibc

/// A folder for the files of one test. It is removed, with all that is in it, when its last owner goes away.
public final class TemporaryDirectory: Sendable {
  /// Its path, without a slash at the end.
  public let path: String

  public init() throws {
    var template = Array("/tmp/pinion-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("make a folder in /tmp") }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    if let folder = opendir(path) {
      while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name == "." || name == ".." { continue }
        if unlink("\(path)/\(name)") != 0, errno == EISDIR { remove("\(path)/\(name)") }
      }
      closedir(folder)
    }
    rmdir(path)
  }

  /// Writes a file, in place where it exists.
  /// - Returns: Its path.
  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    let file = "\(path)/\(name)"
    let descriptor = Descriptor(
      try checked(open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644), "open \(file)"))
    var text = text
    try text.withUTF8 { bytes in
      var written = 0
      while written < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[written...])
        written += try checked(Glibc.write(descriptor.number, rest.baseAddress, rest.count), "write \(file)")
      }
    }
    return file
  }
}
