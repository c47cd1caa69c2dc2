import Testing

@testable import ProxyCommand

@Suite struct TopDisplayTests {
  private static func frame(_ lines: String...) -> String {
    "\u{1b}[H" + lines.map { $0 + "\u{1b}[K" }.joined(separator: "\n") + "\u{1b}[J"
  }

  @Test("A frame is drawn over the last one, whatever its size") func fits() {
    #expect(TopDisplay.frame("ab\n\nc", rows: 3, columns: 2) == Self.frame("ab", "", "c"))
  }

  @Test("What does not fit below is left out, visibly") func rows() {
    #expect(TopDisplay.frame("a\nb\nc\nd", rows: 3, columns: 9) == Self.frame("a", "b", "…"))
    #expect(TopDisplay.frame("a\nb", rows: 1, columns: 9) == Self.frame("…"))
  }

  @Test("What does not fit beside goes on in the next line") func columns() {
    #expect(TopDisplay.frame("one two three", rows: 9, columns: 7) == Self.frame("one two", "three"))
    #expect(TopDisplay.frame("one two three", rows: 9, columns: 6) == Self.frame("one", "two", "three"))
    #expect(TopDisplay.frame("abcdefgh", rows: 9, columns: 3) == Self.frame("abc", "def", "gh"))
    #expect(TopDisplay.frame("ab", rows: 9, columns: 0) == Self.frame("a", "b"))
  }
}
