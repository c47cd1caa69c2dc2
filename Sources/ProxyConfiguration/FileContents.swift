import Glibc

/// The bytes of a configuration file.
enum FileContents {
  /// The largest configuration file that is read, in bytes.
  static let maximumSize = 64 << 20

  /// Why a file cannot be read.
  struct Failure: Error {
    let message: String
  }

  /// Reads a regular file whole. Devices and pipes are refused: they may never end, or never begin.
  static func read(_ path: String) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard descriptor >= 0 else { throw Failure(message: "cannot be opened: \(reason(errno))") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Failure(message: "cannot be read: \(reason(errno))") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(message: kind(status.st_mode)) }
    guard status.st_size <= maximumSize else { throw tooLarge }
    // One byte more than the file has: the read that fills less is the end, also where the file grew meanwhile.
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size) + 1)
    var count = 0
    while true {
      if count == bytes.count {
        guard count <= maximumSize else { throw tooLarge }
        bytes.append(contentsOf: repeatElement(0, count: min(count, maximumSize + 1 - count)))
      }
      let size = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress! + count, buffer.count - count)
      }
      if size == 0 { break }
      guard size > 0 else {
        if errno == EINTR { continue }
        throw Failure(message: "cannot be read: \(reason(errno))")
      }
      count += size
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  static let tooLarge = Failure(message: "is over \(maximumSize >> 20) MiB, the limit of a configuration file")

  private static func kind(_ mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFDIR: "is a directory: name the file in it"
    case S_IFIFO: "is a pipe: a configuration is read from a regular file"
    case S_IFSOCK: "is a socket: a configuration is read from a regular file"
    default: "is a device: a configuration is read from a regular file"
    }
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
