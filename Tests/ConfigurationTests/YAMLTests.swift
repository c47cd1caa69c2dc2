import FilterKit
import ProxyConfiguration
import Testing

@Suite struct YAMLTests {
  private func read(_ bytes: [UInt8]) -> (node: ConfigurationNode?, lines: [String]) {
    let diagnostics = Diagnostics()
    let node = YAMLDocument.read(bytes.span, diagnostics: diagnostics)
    return (node, diagnostics.report.lines(in: "f"))
  }

  private func read(_ text: String) -> (node: ConfigurationNode?, lines: [String]) { read(Array(text.utf8)) }

  private func at(_ line: Int, _ column: Int) -> Mark { Mark(line: line, column: column) }

  private func plain(_ text: String, _ line: Int, _ column: Int) -> ConfigurationNode {
    ConfigurationNode(.plain(text), at: at(line, column))
  }

  @Test func readsTheTreeWithMarks() {
    let list = ConfigurationNode(
      .sequence([plain("x", 3, 9), ConfigurationNode(.quoted("y"), at: at(3, 12)), plain("~", 3, 17)]), at: at(3, 8))
    // Columns count characters and not bytes.
    let nested = ConfigurationNode(
      .mapping([.init(key: "d", keyMark: at(4, 6), value: plain("e", 4, 9))]), at: at(4, 5))
    let root = ConfigurationNode(
      .mapping([
        .init(key: "a", keyMark: at(2, 1), value: plain("1", 2, 4)),
        .init(key: "b c", keyMark: at(3, 1), value: list), .init(key: "çé", keyMark: at(4, 1), value: nested),
      ]), at: at(2, 1))
    let (node, lines) = read("# one\na: 1\n'b c': [x, \"y\", ~]\nçé: {d: e}\n")
    #expect(node == root)
    #expect(lines.isEmpty)
  }

  @Test(arguments: [
    ("a: |\n  x\n  y\n", ConfigurationNode.Content.quoted("x\ny\n")), ("a: >-\n  x\n  y\n", .quoted("x y")),
    ("a: !!str 3\n", .quoted("3")), ("a: ! 3\n", .quoted("3")), ("a: \"\\0\\e\\u00e9\"\n", .quoted("\0\u{1b}é")),
    ("a: 'it''s'\n", .quoted("it's")), ("a:\n", .plain("")), ("a: x # y\n", .plain("x")), ("a: ::1\n", .plain("::1")),
    ("\u{feff}a: x\n", .plain("x")), ("a:\r\n  x\r\n", .plain("x")), ("%YAML 1.2\n---\na: x\n...\n", .plain("x")),
    ("a: x", .plain("x")), ("{\"a\": \"x\"}", .quoted("x")),
  ])
  func readsScalars(text: String, expected: ConfigurationNode.Content) {
    let (node, lines) = read(text)
    guard case .mapping(let entries) = node?.content else {
      Issue.record("no mapping: \(lines)")
      return
    }
    #expect(entries.map(\.key) == ["a"])
    #expect(entries.first?.value.content == expected)
    #expect(lines.isEmpty)
  }

  @Test(arguments: [
    ("a: [1, 2\nb: 3\n", "f:2:2: expected ',' or ']' in the '[' list that starts at line 1, column 4"),
    ("a: {b: c\n", "f:2:1: expected ',' or '}' in the '{' mapping that starts at line 1, column 4"),
    (
      "a: b: c\n",
      "f:1:5: a mapping cannot start here (is the indentation right, or is text with ': ' in it without quotes?)"
    ),
    (
      "a:\n  - x\n b: y\n",
      "f:3:2: expected another key in the mapping that starts at line 1, column 1 (is the indentation right?)"
    ),
    (
      "- a\nb: c\n",
      "f:2:1: expected another '- ' in the list that starts at line 1, column 1 (is the indentation right?)"
    ),
    ("a: \"x\n", "f:2:1: the file ends in the quoted text that starts at line 1, column 4"),
    (
      "a: \"\\q\"\n",
      "f:1:5: unknown escape (text in single quotes has no escapes)"
    ),
    ("a: x\n\"k\":v\n", "f:3:1: expected ': ' behind a key in the key that starts at line 2, column 1"),
    ("\ta: b\n", "f:1:1: a tab cannot indent YAML: use spaces"),
    ("a:\n\t- b\n", "f:2:1: a tab cannot indent YAML: use spaces"),
    ("a: @x\n", "f:1:4: a value cannot start with '@': put it in quotes"),
    ("é: `x`\n", "f:1:4: a value cannot start with '`': put it in quotes"),
    ("}", "f:1:1: expected a value"), ("...\n", "f:1:1: expected a value"),
    ("a: 1\n---\nb: 2\n", "f:2:1: a second document starts here: a configuration file holds one"),
    ("a: 1\n...\nb: 2\n", "f:3:1: expected the end of the file"),
    ("%YAML 3.0\n---\na", "f:1:1: the file asks for a version of YAML other than 1.1 and 1.2"),
    ("", "f:1:1: the file is empty"), ("\n", "f:1:1: the file is empty"), ("# c\n", "f:1:1: the file is empty"),
    ("\u{feff}", "f:1:1: the file is empty"),
    // An IPv6 address in brackets, as it comes from the clipboard.
    ("address: [::1]:7000\n", "f:1:11: expected a value (put an IPv6 address in quotes: \"[::1]:7777\")"),
    (
      "address: [2001:db8::1]:7000\n",
      "f:1:23: expected another key in the mapping that starts at line 1, column 1"
        + " (put an IPv6 address in quotes: \"[::1]:7777\")"
    ),
    ("sources: [::1/128]\n", "f:1:11: expected a value (put an IPv6 address in quotes: \"[::1]:7777\")"),
  ])
  func refusesBrokenText(text: String, expected: String) {
    let (node, lines) = read(text)
    #expect(node == nil)
    #expect(lines == [expected])
  }

  @Test(arguments: [
    ("a\u{0}b", "f:1:2: the character U+0000 is not allowed in YAML"),
    ("é: \u{1b}", "f:1:4: the character U+001B is not allowed in YAML"),
    ("a: b\n\u{7f}", "f:2:1: the character U+007F is not allowed in YAML"),
  ])
  func refusesControlCharacters(text: String, expected: String) { #expect(read(text).lines == [expected]) }

  @Test(arguments: [
    ([0xff, 0xfe, 0x61, 0x00], "f:1:1: the file is UTF-16: save it as UTF-8"),
    ([0xfe, 0xff, 0x00, 0x61], "f:1:1: the file is UTF-16: save it as UTF-8"),
    ([0x61, 0x3a, 0x20, 0xff], "f:1:4: the file is not UTF-8 here: invalid leading UTF-8 octet"),
    ([0x61, 0x0a, 0xc3], "f:2:1: the file is not UTF-8 here: incomplete UTF-8 octet sequence"),
    ([0x61, 0x0a, 0xc3, 0x61], "f:2:2: the file is not UTF-8 here: invalid trailing UTF-8 octet"),
    ([0xc0, 0x80], "f:1:1: the file is not UTF-8 here: invalid length of a UTF-8 sequence"),
    ([0xed, 0xa0, 0x80], "f:1:1: the file is not UTF-8 here: invalid Unicode character"),
  ])
  func refusesOtherEncodings(bytes: [UInt8], expected: String) { #expect(read(bytes).lines == [expected]) }

  @Test(arguments: [
    ("a: 1\nb: 2\na: 3\n", "f:3:1: duplicate key 'a' (first at line 1, column 1)"),
    ("a: 1\n\"a\": 3\n", "f:2:1: duplicate key 'a' (first at line 1, column 1)"),
    ("? [a]\n: b\n", "f:1:3: a key must be a string, found a list"),
    ("a: !!int 3\n", "f:1:4: the tag '!!int' is not supported: remove it"),
    ("a: !foo [1]\n", "f:1:4: the tag '!foo' is not supported: remove it"),
    ("a: *x\n", "f:1:4: anchors and aliases are not supported: write the value out in each place"),
    ("a: &x 1\n", "f:1:4: anchors and aliases are not supported: write the value out in each place"),
    ("*x : y\n", "f:1:1: anchors and aliases are not supported: write the value out in each place"),
  ])
  func refusesWhatTheTreeCannotSay(text: String, expected: String) {
    let (node, lines) = read(text)
    #expect(node != nil)
    #expect(lines == [expected])
  }

  @Test func duplicatesAreFoundInLargeMappings() {
    let keys = (0..<1000).map { "k\($0): 1\n" }.joined()
    let (node, lines) = read(keys + "k3: 2\nk999: 2\n")
    #expect(
      lines == [
        "f:1001:1: duplicate key 'k3' (first at line 4, column 1)",
        "f:1002:1: duplicate key 'k999' (first at line 1000, column 1)",
      ])
    guard case .mapping(let entries) = node?.content else {
      Issue.record("no mapping")
      return
    }
    #expect(entries.count == 1000)
  }

  // MARK: Bounds

  @Test(arguments: ["[", "{a: ", "- ", "? ", "[{", "{? "])
  func depthIsBounded(opening: String) {
    let (node, lines) = read(String(repeating: opening, count: 100_000))
    #expect(node == nil)
    #expect(lines.count == 1)
    #expect(lines.first?.hasSuffix(": nested deeper than 64 levels") == true)
  }

  @Test func theDeepestNestingIsRead() {
    let brackets = { (count: Int) in String(repeating: "[", count: count) + String(repeating: "]", count: count) }
    #expect(read(brackets(64)).node != nil)
    #expect(read(brackets(65)).lines == ["f:1:65: nested deeper than 64 levels"])
  }

  @Test func aliasBombsDoNotExpand() {
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...30 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      bomb += "a\(level): &a\(level) [\(aliases)]\n"
    }
    let diagnostics = Diagnostics()
    _ = YAMLDocument.read(bomb, diagnostics: diagnostics)
    #expect(diagnostics.report.errorCount == 331)
    #expect(
      diagnostics.report.lines(in: "f").first
        == "f:1:5: anchors and aliases are not supported: write the value out in each place")
  }

  @Test func theKeysOfAMappingAreBounded() {
    let keys = (0..<100_000).map { "k\($0): 1\n" }.joined()
    #expect(read(keys).node != nil)
    #expect(read(keys + "more: 1\n").lines == ["f:100001:1: a mapping holds more than 100000 keys"])
  }

  @Test func directivesAreBounded() {
    let directives = (0..<200_000).map { "%TAG !a\($0)! b\n" }.joined()
    #expect(read(directives + "---\na: 1\n").lines == ["f:1:1: the file has more than 100 %TAG directives"])
  }
}
