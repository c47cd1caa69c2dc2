/// The standard error of the process.
package enum StandardError {
  /// Writes text by one call where the system takes it whole, so that lines of several threads do not mix.
  package static func write(_ text: String) { StandardStream.error.write(text) }
}
