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

  @Test func readsTheTreeWithMarks() {
    let (node, lines) = read("# one\na: 1\n'b c': [x, \"y\", ~]\nç: {d: |\n", )
    _ = (node, lines)
    let tree = read("# one\na: 1\n'b c': [x, \"y\", ~]\nçé: {d: e}\n")
    #expect(tree.lines.isEmpty)
    func at(_ line: Int, _ column: Int) -> Mark { Mark(line: line, column: column) }
    func scalar(_ text: String, _ line: Int, _ column: Int) -> ConfigurationNode {
      ConfigurationNode(.plain(text), at: at(line, column))
    }
    let list = ConfigurationNode(
      .sequence([scalar("x", 3, 9), ConfigurationNode(.quoted("y"), at: at(3, 12)), scalar("~", 3, 17)]), at: at(3, 8))
    let nested = ConfigurationNode(
      .mapping([.init(key: "d", keyMark: at(4, 6), value: scalar("e", 4, 9))]), at: at(4, 5))
    let root = ConfigurationNode(
      .mapping([
        .init(key: "a", keyMark: at(2, 1), value: scalar("1", 2, 4)), .init(key: "b c", keyMark: at(3, 1), value: list),
        .init(key: "çé", keyMark: at(4, 1), value: nested),
      ]), at: at(2, 1))
    #expect(tree.node == root)
  }
  @Test func probe() {
    for text in [
      "a: [1, 2\nb: 3\n", "a: b: c\n", "a:\n  - x\n b: y\n", "a: \"x\n", "\ta: b\n", "a:\n\t- b\n", "a: @x\n",
      "a: %x\n", "a: `x`\n", "address: [::1]:7000\n", "- address: [2001:db8::1]:7000\n", "a: 1\n---\nb: 2\n",
      "a: 1\n...\nb: 2\n", "", "\n", "# c\n", "---\n", "...\n", "a: &x 1\nb: *x\n", "a: *x\n", "a: !!int 3\n",
      "a: !foo [1]\n", "a: !!str 3\n", "? [a]\n: b\n", "{a: b}: c\n", "a: 1\nb: 2\na: 3\n", ": x\n", "a: 'it's'\n",
      "a: {b: c\n", "}", "- a\nb: c\n", "a: 1\n- b\n", "%YAML 3.0\n---\na", "a: \"\\q\"\n", "a: |x\n", "a\u{0}b",
      "a: \u{1b}", "a: {b}}\n", "a: [b]]\n", "*x : y", "&x : y", "key: [a, b}\n", "!", "a: >\n\tx\n",
      "- - - a\n  - b\n - c", "a:\r\n  b: 1\r\n  b: 2\r\n", "foo\nbar: x\n", "a: b\n  c: d\n", "address: ::1:7000",
      "a: x #c: d: e\n\"k\":v\n",
    ] {
      print(text.debugDescription, "=>", read(text).lines, read(text).node.map { "\($0.summary)" } ?? "nil")
    }
    for bytes: [UInt8] in [
      [0xff, 0xfe, 0x61, 0], [0x61, 0x3a, 0x20, 0xff], [0x61, 0x0a, 0xc3], [0xef, 0xbb, 0xbf, 0x61, 0x3a, 0x20, 0x40],
      [0x61, 0x3a, 0x20, 0xed, 0xa0, 0x80], [0],
    ] {
      print(bytes, "=>", read(bytes).lines)
    }
    print(read(String(repeating: "[", count: 100_000)).lines)
    print(read(String(repeating: "{a: ", count: 100_000)).lines)
    print(read(String(repeating: "- ", count: 100_000)).lines)
    print(read(String(repeating: "? ", count: 100_000)).lines)
    print(read(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)).lines)
    print(read(String(repeating: "[", count: 65) + String(repeating: "]", count: 65)).lines)
  }
}
