import Glibc

/// Why the configuration file cannot be watched.
struct ConfigurationWatchError: Error, CustomStringConvertible {
  let call: String
  let errno: Int32

  var description: String { "\(call): \(String(cString: strerror(errno)))" }
}
