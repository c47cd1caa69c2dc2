/// The options of a filter, or of a part of one: a strict reader of one mapping.
///
/// Each call asks for one key and always returns a value of the right type. Where the file has something else, the problem is
/// reported with its place and a harmless value takes its place, so the author of a filter writes straight code and one pass
/// finds all problems of a file. A filter that was built from such values never runs: a file with errors is not applied.
///
/// ```swift
/// init(options: inout Options, context: inout FilterContext) {
///   size = options.integer("size", in: 0...65_507)
///   remove = options.boolean("remove", default: false)
/// }
/// ```
///
/// Keys that nobody asked for are errors, which `finish()` reports. Whoever makes the `Options` calls it, not the filter.
/// `null` and an empty value count as absent.
public struct Options: ~Copyable {
  /// Where the mapping starts, or what it belongs to where there is none.
  public let mark: Mark
  let entries: [ConfigurationNode.Entry]
  let diagnostics: Diagnostics
  /// The mapping could not be read and that was reported: every call returns its harmless value and reports nothing.
  let isSilent: Bool
  /// The key of this mapping where it is not written at all.
  private let absentKey: String?
  /// Takes down what is asked for, in place of reading.
  private let shape: OptionShape?
  private var known: [String] = []
  private var missing: [String] = []

  /// The options in `node`. Anything but a mapping is reported.
  public init(_ node: ConfigurationNode, diagnostics: Diagnostics) {
    mark = node.mark
    self.diagnostics = diagnostics
    absentKey = nil
    shape = nil
    switch node.content {
    case .mapping(let entries):
      self.entries = entries
      isSilent = false
    default:
      entries = []
      isSilent = true
      diagnostics.expected("a mapping", at: node)
    }
  }

  /// The options of a `key` that is not written: each of them is absent. Problems are reported at `mark`.
  public init(absent key: String, at mark: Mark, diagnostics: Diagnostics) {
    self.mark = mark
    self.diagnostics = diagnostics
    absentKey = key
    shape = nil
    entries = []
    isSilent = false
  }

  private init(silentAt mark: Mark, diagnostics: Diagnostics) {
    self.mark = mark
    self.diagnostics = diagnostics
    absentKey = nil
    shape = nil
    entries = []
    isSilent = true
  }

  /// Options that are nowhere: what is asked for is noted in `shape`.
  package init(noting shape: OptionShape) {
    mark = .start
    diagnostics = Diagnostics()
    absentKey = nil
    self.shape = shape
    entries = []
    isSilent = true
  }

  // MARK: What is there

  /// Whether `key` is written with a value.
  public mutating func has(_ key: String) -> Bool { node(key) != nil }

  /// The place of the value of `key`, or of the mapping where the key is absent.
  public func mark(of key: String) -> Mark { entry(key)?.value.mark ?? mark }

  /// The place of `key` itself, or of the mapping where the key is absent.
  public func keyMark(of key: String) -> Mark { entry(key)?.keyMark ?? mark }

  /// Reports a mistake, at the start of the mapping unless told otherwise.
  public func report(_ message: @autoclosure () -> String, at mark: Mark? = nil) {
    if !isSilent { diagnostics.error(message(), at: mark ?? self.mark) }
  }

  /// Reports what is allowed and likely not meant.
  public func warn(_ message: @autoclosure () -> String, at mark: Mark? = nil) {
    if !isSilent { diagnostics.warning(message(), at: mark ?? self.mark) }
  }

  /// Reports that something else stands where `expectation` should.
  public func expect(_ expectation: String, at node: ConfigurationNode, hint: String? = nil) {
    if !isSilent { diagnostics.expected(expectation, at: node, hint: hint) }
  }

  // MARK: Strings

  /// Text. Without a default the key is required.
  public mutating func string(_ key: String, default fallback: String? = nil) -> String {
    shape?.note(key, .string(default: fallback), isRequired: fallback == nil)
    return switch value(key, "a string", isRequired: fallback == nil) {
    case .some(let node): text(of: node) ?? ""
    case .none: fallback ?? ""
    }
  }

  /// Text, or nil where the key is absent.
  public mutating func optionalString(_ key: String) -> String? {
    shape?.note(key, .string(default: nil), isRequired: false)
    return node(key).flatMap { text(of: $0) }
  }

  /// A required list of scalars, with the place of each, for text that the caller reads further.
  public mutating func strings(_ key: String) -> [(text: String, mark: Mark)] {
    shape?.note(key, .list(.string(default: nil)), isRequired: true)
    return value(key, "a list", isRequired: true).map { strings(in: $0) } ?? []
  }

  /// A list of scalars, or nil where the key is absent.
  public mutating func optionalStrings(_ key: String) -> [(text: String, mark: Mark)]? {
    shape?.note(key, .list(.string(default: nil)), isRequired: false)
    return node(key).map { strings(in: $0) }
  }

  /// A required list of scalars, each read by `parse`. What it throws is reported at the item, and the item is left out.
  public mutating func strings<T, Failure: Error>(_ key: String, as parse: (String) throws(Failure) -> T) -> [T] {
    strings(key).compactMap { text, mark in
      do throws(Failure) { return try parse(text) } catch { report("\(error)", at: mark) }
      return nil
    }
  }

  /// One of the cases of `T`, written as its raw value. Without a default the key is required.
  public mutating func choice<T: CaseIterable & RawRepresentable<String>>(
    _ key: String, of type: T.Type = T.self, default fallback: T? = nil
  ) -> T {
    choice(key, among: T.allCases.map { ($0.rawValue, $0) }, default: fallback)
  }

  /// One of the names of `choices`, which stands for the value beside it. Without a default the key is required.
  public mutating func choice<T>(_ key: String, among choices: [(name: String, value: T)], default fallback: T? = nil)
    -> T
  {
    precondition(!choices.isEmpty, "a choice needs something to choose from")
    let names = choices.map(\.name)
    if let shape {
      let written = fallback.flatMap { fallback in choices.first { "\($0.value)" == "\(fallback)" }?.name }
      shape.note(key, .choice(names, default: written), isRequired: fallback == nil)
    }
    let harmless = fallback ?? choices[0].value
    let allowed = names.count == 1 ? names[0] : "one of \(names.joined(separator: ", "))"
    guard let node = value(key, allowed, isRequired: fallback == nil) else { return harmless }
    if let choice = choices.first(where: { $0.name == node.text }) { return choice.value }
    guard !node.isUnusable else { return harmless }
    let hint = Spelling.hint(for: node.text ?? "", among: names)
    report("'\(key)' must be \(allowed), found \(node.summary)\(hint)", at: node.mark)
    return harmless
  }

  /// The bytes that base64 with padding stands for (RFC 4648, section 4). Required.
  public mutating func base64(_ key: String) -> [UInt8] {
    shape?.note(key, .base64, isRequired: true)
    return value(key, "base64", isRequired: true).flatMap { base64(in: $0) } ?? []
  }

  /// A list of base64 texts with the place of each, or nil where the key is absent. What is not base64 is left out.
  public mutating func optionalBase64List(_ key: String) -> [(bytes: [UInt8], mark: Mark)]? {
    shape?.note(key, .list(.base64), isRequired: false)
    guard let node = node(key) else { return nil }
    return items(of: node).compactMap { item in base64(in: item).map { ($0, item.mark) } }
  }

  // MARK: Numbers and switches

  /// A whole number in decimal, or in hexadecimal behind `0x`. Without a default the key is required.
  public mutating func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) -> Int {
    shape?.note(key, .integer(range, default: fallback), isRequired: fallback == nil)
    let node = value(key, Self.expectation(range), isRequired: fallback == nil)
    return node.flatMap { integer(in: $0, range) } ?? fallback ?? range.lowerBound
  }

  /// A whole number, or nil where the key is absent.
  public mutating func optionalInteger(_ key: String, in range: ClosedRange<Int>) -> Int? {
    shape?.note(key, .integer(range, default: nil), isRequired: false)
    return node(key).map { integer(in: $0, range) ?? range.lowerBound }
  }

  /// `true` or `false`. Without a default the key is required.
  public mutating func boolean(_ key: String, default fallback: Bool? = nil) -> Bool {
    shape?.note(key, .boolean(default: fallback), isRequired: fallback == nil)
    guard let node = value(key, "true or false", isRequired: fallback == nil) else { return fallback ?? false }
    switch node.content {
    case .plain(let text):
      if case .bool(let value) = PlainScalar(text) { return value }
      switch text.lowercased() {
      case "yes", "on", "y": diagnostics.expected("true or false", at: node, hint: "write true")
      case "no", "off", "n": diagnostics.expected("true or false", at: node, hint: "write false")
      default: diagnostics.expected("true or false", at: node)
      }
    case .quoted(let text):
      if case .bool = PlainScalar(text) {
        diagnostics.expected("true or false", at: node, hint: "remove the quotes")
      } else {
        diagnostics.expected("true or false", at: node)
      }
    default: diagnostics.expected("true or false", at: node)
    }
    return fallback ?? false
  }

  /// A metadata value: true or false, a whole number, a string, or a list of those. Required.
  public mutating func value(_ key: String) -> MetadataConstant {
    shape?.note(key, .constant, isRequired: true)
    guard let node = value(key, Self.constant, isRequired: true) else { return .bool(false) }
    return constant(in: node)
  }

  // MARK: Parts

  /// A mapping inside this one, or nil where the key is absent.
  public mutating func object<T>(_ key: String, _ read: (inout Options) -> T) -> T? {
    if let shape { return Self.note(key, in: shape, isRequired: false, read) { .mapping($0) } }
    return node(key).map { Self.read($0, diagnostics, read) }
  }

  /// A mapping inside this one, which must be there.
  public mutating func requiredObject<T>(_ key: String, _ read: (inout Options) -> T) -> T {
    if let shape { return Self.note(key, in: shape, isRequired: true, read) { .mapping($0) } }
    if let node = value(key, "a mapping", isRequired: true) { return Self.read(node, diagnostics, read) }
    var silent = Options(silentAt: mark, diagnostics: diagnostics)
    return read(&silent)
  }

  /// A mapping inside this one. Where it is absent it counts as written and empty, with its place here.
  public mutating func objectOrEmpty<T>(_ key: String, _ read: (inout Options) -> T) -> T {
    if let shape { return Self.note(key, in: shape, isRequired: false, read) { .mapping($0) } }
    if let node = node(key) { return Self.read(node, diagnostics, read) }
    var none =
      isSilent
      ? Options(silentAt: mark, diagnostics: diagnostics)
      : Options(absent: key, at: mark, diagnostics: diagnostics)
    let result = read(&none)
    none.finish()
    return result
  }

  /// A required list of mappings. An empty list is fine.
  public mutating func list<T>(_ key: String, _ read: (inout Options) -> T) -> [T] {
    if let shape { return [Self.note(key, in: shape, isRequired: true, read) { .list(.mapping($0)) }] }
    guard let node = value(key, "a list", isRequired: true) else { return [] }
    return items(of: node).map { Self.read($0, diagnostics, read) }
  }

  /// A list of mappings, or nil where the key is absent.
  public mutating func optionalList<T>(_ key: String, _ read: (inout Options) -> T) -> [T]? {
    if let shape { return [Self.note(key, in: shape, isRequired: false, read) { .list(.mapping($0)) }] }
    return node(key).map { items(of: $0).map { Self.read($0, diagnostics, read) } }
  }

  /// A list of whatever, for a reader of another form. Nil where the key is absent.
  public mutating func optionalNodes(_ key: String) -> [ConfigurationNode]? {
    shape?.note(key, .list(.anything), isRequired: false)
    return node(key).map { items(of: $0) }
  }

  /// A mapping at a node that the caller came by in another way than by its key.
  public func object<T>(at node: ConfigurationNode, _ read: (inout Options) -> T) -> T {
    Self.read(node, diagnostics, read)
  }

  /// Whatever is written for `key`, for a reader of another form. Nil where the key is absent.
  public mutating func node(_ key: String) -> ConfigurationNode? {
    shape?.note(key, .anything, isRequired: false)
    if !known.contains(key) { known.append(key) }
    guard let value = entry(key)?.value, !value.isNull else { return nil }
    return value
  }

  // MARK: The end

  /// Reports required keys that are missing and keys that nobody asked for. Called once, by whoever made the `Options`.
  public consuming func finish() {
    guard !isSilent else { return }
    guard !missing.isEmpty || !entries.allSatisfy({ known.contains($0.key) }) else { return }
    // A misspelt key is also a missing one: name it once, where it stands.
    let absent = known.filter { entry($0) == nil }
    var explained: Set<String> = []
    for entry in entries where !known.contains(entry.key) {
      let meant = diagnostics.lists(errorAt: entry.keyMark) ? Spelling.nearest(to: entry.key, among: absent) : nil
      if let meant { explained.insert(meant) }
      diagnostics.error(Self.unknown(entry.key, meant: meant, known: known), at: entry.keyMark)
    }
    let place = absentKey.map { " in '\($0)'" } ?? ""
    for key in missing where !explained.contains(key) { diagnostics.error("missing key '\(key)'\(place)", at: mark) }
  }

  private static func unknown(_ key: String, meant: String?, known: [String]) -> String {
    let name = "unknown key \(excerpt(key))"
    if let meant { return "\(name) (did you mean '\(meant)'?)" }
    return known.isEmpty ? "\(name) (no keys are known here)" : "\(name) (known here: \(known.joined(separator: ", ")))"
  }
}

// MARK: - Noting

extension Options {
  /// Whether nothing is read: the mapping names a filter, and that is noted.
  func notesFilter() -> Bool {
    shape?.noteFilter()
    return shape != nil
  }

  private static func note<T>(
    _ key: String, in shape: OptionShape, isRequired: Bool, _ read: (inout Options) -> T,
    _ value: (OptionShape) -> OptionShape.Value
  ) -> T {
    let inner = OptionShape()
    var options = Options(noting: inner)
    let result = read(&options)
    shape.note(key, value(inner), isRequired: isRequired)
    return result
  }
}

// MARK: - Reading

extension Options {
  private static func read<T>(
    _ node: ConfigurationNode, _ diagnostics: Diagnostics, _ read: (inout Options) -> T
  ) -> T {
    var options = Options(node, diagnostics: diagnostics)
    let result = read(&options)
    options.finish()
    return result
  }

  private func entry(_ key: String) -> ConfigurationNode.Entry? { entries.first { $0.key == key } }

  /// The node of a key, with a report where it is required and there is none.
  private mutating func value(_ key: String, _ expectation: String, isRequired: Bool) -> ConfigurationNode? {
    if let node = node(key) { return node }
    guard isRequired, !isSilent else { return nil }
    if let written = entry(key)?.value {
      diagnostics.expected(expectation, at: written)
    } else if !missing.contains(key) {
      missing.append(key)
    }
    return nil
  }

  private func text(of node: ConfigurationNode) -> String? {
    if let text = node.text, !node.isNull { return text }
    diagnostics.expected("a string", at: node)
    return nil
  }

  private func items(of node: ConfigurationNode) -> [ConfigurationNode] {
    if case .sequence(let items) = node.content { return items }
    diagnostics.expected("a list", at: node)
    return []
  }

  private func strings(in node: ConfigurationNode) -> [(text: String, mark: Mark)] {
    items(of: node).compactMap { item in text(of: item).map { ($0, item.mark) } }
  }

  private func base64(in node: ConfigurationNode) -> [UInt8]? {
    guard let text = node.text, !node.isNull else {
      diagnostics.expected("base64", at: node)
      return nil
    }
    do throws(Base64.Failure) {
      return try Base64.decode(text)
    } catch {
      diagnostics.error("expected base64, found \(excerpt(text)): \(error)", at: node.mark)
      return nil
    }
  }

  private static func expectation(_ range: ClosedRange<Int>) -> String {
    range.upperBound == .max
      ? "a whole number of at least \(range.lowerBound)"
      : "a whole number from \(range.lowerBound) to \(range.upperBound)"
  }

  private func integer(in node: ConfigurationNode, _ range: ClosedRange<Int>) -> Int? {
    let expectation = Self.expectation(range)
    switch node.content {
    case .plain(let text):
      if case .integer(let magnitude?, let isNegative) = PlainScalar(text) {
        let number = isNegative ? Int(exactly: -Int128(magnitude)) : Int(exactly: magnitude)
        if let number, range.contains(number) { return number }
      }
      let hasLeadingZero = text.count > 1 && text.utf8.first == UInt8(ascii: "0") && Int(text) != nil
      diagnostics.expected(expectation, at: node, hint: hasLeadingZero ? "remove the leading zeros" : nil)
    case .quoted(let text):
      if case .integer = PlainScalar(text) {
        diagnostics.expected(expectation, at: node, hint: "remove the quotes")
      } else {
        diagnostics.expected(expectation, at: node)
      }
    default: diagnostics.expected(expectation, at: node)
    }
    return nil
  }

  private static let constant = "true, false, a whole number, a string, or a list of those"

  private func constant(in node: ConfigurationNode) -> MetadataConstant {
    switch node.content {
    case .quoted(let text): return .string(text)
    case .plain(let text):
      switch PlainScalar(text) {
      case .bool(let value): return .bool(value)
      case .integer(let magnitude?, isNegative: false): return .number(magnitude)
      case .text: return .string(text)
      case .integer, .fraction:
        diagnostics.error(
          "expected a whole number from 0 to \(UInt64.max), found \(node.summary) (put a string in quotes)",
          at: node.mark)
      case .null: diagnostics.expected(Self.constant, at: node)
      }
    case .sequence(let items): return .list(items.map { constant(in: $0) })
    default: diagnostics.expected(Self.constant, at: node)
    }
    return .bool(false)
  }
}

extension Diagnostics {
  /// Reports that something else stands where `expectation` should. What was reported already is passed over.
  public func expected(_ expectation: String, at node: ConfigurationNode, hint: String? = nil) {
    guard !node.isUnusable else { return }
    error("expected \(expectation), found \(node.summary)\(hint.map { " (\($0))" } ?? "")", at: node.mark)
  }
}
