/// Why text is not an address, or not one that can be used.
public struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The text that was read.
  public let text: String
  /// What is wrong, and what to write instead.
  public let reason: String

  public init(_ text: String, _ reason: String) {
    self.text = text
    self.reason = reason
  }

  public var description: String { "\(excerpt(text)) \(reason)" }
}
