import Glibc
import Operations

/// Where `proxy top` shows its readings: in place on a terminal, or one below the other.
struct TopDisplay: Sendable {
  private let output: StandardStream
  private let isInPlace: Bool

  /// - Parameter isInPlace: Whether the output is a terminal that can be drawn on.
  init(_ output: StandardStream, isInPlace: Bool) {
    self.output = output
    self.isInPlace = isInPlace
  }

  /// Takes the terminal: its second screen, without cursor, and without lines that go on in the next one. A process that is stopped
  /// would leave it so.
  func begin() {
    guard isInPlace else { return }
    signal(SIGTSTP, SIG_IGN)
    output.write("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l")
  }

  /// Leaves the terminal as it was.
  func end() {
    guard isInPlace else { return }
    output.write("\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l")
    signal(SIGTSTP, SIG_DFL)
  }

  /// - Returns: False where nobody is left to see it.
  func show(_ text: String, isFirst: Bool) -> Bool {
    guard isInPlace else { return output.write((isFirst ? "" : "\n") + text + "\n") }
    let size = output.size ?? (rows: 24, columns: 80)
    return output.write(Self.frame(text, rows: size.rows, columns: size.columns))
  }

  /// A text from the upper left corner on, over what was there. What does not fit is left out.
  static func frame(_ text: String, rows: Int, columns: Int) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { wrapped($0, to: columns) }
    if lines.count > rows { lines = lines[..<max(0, rows - 1)] + ["…"] }
    // Each line ends what it is written over, and all of them end what is below.
    return "\u{1b}[H" + lines.map { $0 + "\u{1b}[K" }.joined(separator: "\n") + "\u{1b}[J"
  }

  /// A line in pieces that fit, parted at spaces where there are any.
  private static func wrapped(_ line: Substring, to columns: Int) -> [Substring] {
    var (pieces, rest) = ([Substring](), line)
    while rest.count > max(1, columns) {
      let end = rest.index(rest.startIndex, offsetBy: max(1, columns))
      // A space right behind the piece is as good.
      if let space = rest[...end].lastIndex(of: " "), space > rest.startIndex {
        pieces.append(rest[..<space])
        rest = rest[rest.index(after: space)...]
      } else {
        pieces.append(rest[..<end])
        rest = rest[end...]
      }
    }
    return pieces + [rest]
  }
}
