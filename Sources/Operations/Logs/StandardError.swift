import Glibc

/// The standard error of the process.
package enum StandardError {
  /// Writes text by one call where the system takes it whole, so that lines of several threads do not mix.
  package static func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
        if count > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno != EINTR {
          // Nobody is left to be told.
          return
        }
      }
    }
  }
}
