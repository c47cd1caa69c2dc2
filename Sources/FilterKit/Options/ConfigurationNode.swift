/// A piece of a configuration file, with the place it starts at. It does not know the file's format.
public struct ConfigurationNode: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    /// Text without quotes: what it stands for (`true`, `12`, `abc`, nothing) depends on what is expected there.
    case plain(String)
    /// Text in quotes: always a string.
    case quoted(String)
    case sequence([ConfigurationNode])
    case mapping([Entry])
    /// Something that was reported already. Readers pass over it in silence, so that one mistake gives one message.
    case unusable
  }

  /// A key of a mapping and its value.
  public struct Entry: Hashable, Sendable {
    public let key: String
    public let keyMark: Mark
    public let value: ConfigurationNode

    public init(key: String, keyMark: Mark, value: ConfigurationNode) {
      self.key = key
      self.keyMark = keyMark
      self.value = value
    }
  }

  public let content: Content
  public let mark: Mark

  public init(_ content: Content, at mark: Mark) {
    self.content = content
    self.mark = mark
  }

  /// The text of a scalar.
  public var text: String? {
    switch content {
    case .plain(let text), .quoted(let text): text
    default: nil
    }
  }

  /// Nothing was written, or `null`.
  public var isNull: Bool {
    if case .plain(let text) = content { PlainScalar.isNull(text) } else { false }
  }

  public var isUnusable: Bool {
    if case .unusable = content { true } else { false }
  }

  /// The node as messages name it: `'70000'`, `a list`.
  public var summary: String {
    switch content {
    case .plain(let text) where PlainScalar.isNull(text): "nothing"
    case .plain(let text): excerpt(text)
    case .quoted(let text): "the string \(excerpt(text, quote: "\""))"
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .unusable: "something unusable"
    }
  }
}
