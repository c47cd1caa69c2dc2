import FilterKit

/// Builds the tree from the events of one document.
struct YAMLTreeReader {
  private let events: YAMLEventParser
  private let diagnostics: Diagnostics
  private var valueCount = 0
  private static let coreTags = "tag:yaml.org,2002:"

  init(events: YAMLEventParser, diagnostics: Diagnostics) {
    self.events = events
    self.diagnostics = diagnostics
  }

  /// The root of the document, which must be the only one. Nil where there is none.
  consuming func document() throws(YAMLSyntaxError) -> ConfigurationNode? {
    let start = try events.next()
    guard case .documentStart = start.event else {
      diagnostics.error("the file is empty", at: .start)
      return nil
    }
    let root = try node(try events.next(), depth: 1)
    _ = try events.next()
    let end = try events.next()
    if case .streamEnd = end.event { return root }
    diagnostics.error("a second document starts here: a configuration file holds one", at: end.mark)
    return nil
  }

  private mutating func node(_ located: YAMLEventParser.Located, depth: Int) throws(YAMLSyntaxError)
    -> ConfigurationNode
  {
    let mark = located.mark
    valueCount += 1
    guard valueCount <= YAMLDocument.maximumValues else {
      throw YAMLSyntaxError(message: "the file holds more than \(YAMLDocument.maximumValues) values", mark: mark)
    }
    if located.anchor != nil { refuseAlias(at: mark) }
    switch located.event {
    case .scalar(let text, let isPlain):
      return ConfigurationNode(content(text, isPlain: isPlain, located), at: mark)
    case .sequenceStart:
      refuseTag(located)
      return ConfigurationNode(.sequence(try items(depth: try deeper(depth, mark))), at: mark)
    case .mappingStart:
      refuseTag(located)
      return ConfigurationNode(.mapping(try entries(depth: try deeper(depth, mark))), at: mark)
    default:
      refuseAlias(at: mark)
      return ConfigurationNode(.unusable, at: mark)
    }
  }

  private mutating func items(depth: Int) throws(YAMLSyntaxError) -> [ConfigurationNode] {
    var items: [ConfigurationNode] = []
    while true {
      let next = try events.next()
      if case .sequenceEnd = next.event { return items }
      items.append(try node(next, depth: depth))
    }
  }

  private mutating func entries(depth: Int) throws(YAMLSyntaxError) -> [ConfigurationNode.Entry] {
    var entries: [ConfigurationNode.Entry] = []
    var index = KeyIndex()
    while true {
      let next = try events.next()
      if case .mappingEnd = next.event { return entries }
      guard entries.count < YAMLDocument.maximumKeys else {
        throw YAMLSyntaxError(
          message: "a mapping holds more than \(YAMLDocument.maximumKeys) keys", mark: next.mark)
      }
      let key = try node(next, depth: depth)
      let value = try node(try events.next(), depth: depth)
      guard let name = key.text else {
        if !key.isUnusable { diagnostics.error("a key must be a string, found \(key.summary)", at: key.mark) }
        continue
      }
      if let first = index.insert(name, at: entries.count, in: entries) {
        let place = entries[first].keyMark
        diagnostics.error(
          "duplicate key \(excerpt(name)) (first at line \(place.line), column \(place.column))", at: key.mark)
      } else {
        entries.append(ConfigurationNode.Entry(key: name, keyMark: key.mark, value: value))
      }
    }
  }

  private func deeper(_ depth: Int, _ mark: Mark) throws(YAMLSyntaxError) -> Int {
    guard depth <= YAMLDocument.maximumDepth else {
      throw YAMLSyntaxError(message: "nested deeper than \(YAMLDocument.maximumDepth) levels", mark: mark)
    }
    return depth + 1
  }

  private func content(
    _ text: String, isPlain: Bool, _ located: YAMLEventParser.Located
  ) -> ConfigurationNode.Content {
    switch located.tag {
    case nil: return isPlain ? .plain(text) : .quoted(text)
    case Self.coreTags + "str", "!": return .quoted(text)
    default:
      refuseTag(located)
      return .unusable
    }
  }

  private func refuseTag(_ located: YAMLEventParser.Located) {
    guard let tag = located.tag else { return }
    let name = tag.hasPrefix(Self.coreTags) ? "!!\(tag.dropFirst(Self.coreTags.count))" : tag
    diagnostics.error("the tag \(excerpt(name)) is not supported: remove it", at: located.mark)
  }

  private func refuseAlias(at mark: Mark) {
    diagnostics.error("anchors and aliases are not supported: write the value out in each place", at: mark)
  }
}

/// Finds a key among those of one mapping. A small mapping is searched, a large one is hashed.
private struct KeyIndex {
  private static let searchLimit = 16
  private var places: [String: Int] = [:]

  /// The place of an equal key, or nil and `key` has this place now.
  mutating func insert(_ key: String, at place: Int, in entries: [ConfigurationNode.Entry]) -> Int? {
    if entries.count < Self.searchLimit { return entries.firstIndex { $0.key == key } }
    if places.isEmpty { for (place, entry) in entries.enumerated() { places[entry.key] = place } }
    if let first = places[key] { return first }
    places[key] = place
    return nil
  }
}
