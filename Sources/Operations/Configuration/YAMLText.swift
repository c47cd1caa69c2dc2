import FilterKit
import ProxyConfiguration

/// Prints a tree as YAML that reads back as the same tree.
struct YAMLText {
  private(set) var text = ""

  /// Prints the entries of a mapping.
  mutating func print(_ entries: [ConfigurationNode.Entry], indent: Int = 0) {
    for entry in entries {
      begin(indent)
      text += "\(Self.key(entry.key)):"
      printValue(entry.value, indent: indent)
    }
  }

  private mutating func print(_ items: [ConfigurationNode], indent: Int) {
    for item in items {
      begin(indent)
      text += "-"
      if case .mapping(let entries) = item.content, let first = entries.first {
        // The first key stands on the dash's own line.
        text += " \(Self.key(first.key)):"
        printValue(first.value, indent: indent + 2)
        print(Array(entries.dropFirst()), indent: indent + 2)
      } else {
        printValue(item, indent: indent)
      }
    }
  }

  /// What stands behind a key or a dash, with the end of the line.
  private mutating func printValue(_ node: ConfigurationNode, indent: Int) {
    switch node.content {
    case .plain(let scalar): text += scalar.isEmpty ? "\n" : " \(Self.plain(scalar))\n"
    case .quoted(let string): text += " \(JSONString.quoted(string))\n"
    case .sequence([]): text += " []\n"
    case .mapping([]): text += " {}\n"
    case .sequence(let items):
      text += "\n"
      print(items, indent: indent + 2)
    case .mapping(let entries):
      text += "\n"
      print(entries, indent: indent + 2)
    case .unusable: text += "\n"
    }
  }

  private mutating func begin(_ indent: Int) { text += String(repeating: " ", count: indent) }

  private static func key(_ key: String) -> String {
    let isWord = key.utf8.first.map(isLetter) ?? false && key.utf8.allSatisfy { isLetter($0) || isInside($0) }
    return isWord && PlainScalar(key) == .text ? key : JSONString.quoted(key)
  }

  /// A plain scalar was valid without quotes where it stood, unless it went over several lines.
  private static func plain(_ scalar: String) -> String {
    scalar.utf8.contains(UInt8(ascii: "\n")) ? JSONString.quoted(scalar) : scalar
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
  }

  private static func isInside(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-./".utf8.contains(byte)
  }
}
