import Glibc
import Operations

/// Where `proxy top` shows its readings: in place on a terminal, one below the other elsewhere.
struct TopDisplay: Sendable {
  private let output: StandardStream
  private let isInPlace: Bool

  /// - Parameter terminal: What `TERM` says.
  init(_ output: StandardStream, terminal: String?) {
    self.output = output
    isInPlace = output.isTerminal && terminal != "dumb"
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
    return output.write(Self.frame(text, rows: output.rows ?? 24))
  }

  /// A text from the upper left corner on, over what was there. What does not fit is left out.
  static func frame(_ text: String, rows: Int) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.count > rows { lines = lines[..<max(0, rows - 1)] + ["…"] }
    // Each line ends what it is written over, and all of them end what is below.
    return "\u{1b}[H" + lines.map { $0 + "\u{1b}[K" }.joined(separator: "\r\n") + "\u{1b}[J"
  }
}
