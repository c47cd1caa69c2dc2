import Glibc
import Logging
import Testing

@testable import Operations

@Suite struct LogLineTests {
  /// 2026-02-03 04:05:06.007 UTC.
  private let time = timespec(tv_sec: 1_770_091_506, tv_nsec: 7_000_000)

  private func event(_ message: String, level: Logger.Level = .info) -> LogEvent {
    LogEvent(
      level: level, message: "\(message)", metadata: nil, source: "test", file: #fileID, function: #function,
      line: #line)
  }

  private func json(_ message: String, _ metadata: Logger.Metadata = [:]) -> String {
    JSONLogLine.format(event(message), metadata, time)
  }

  private func text(_ message: String, level: Logger.Level = .info, _ metadata: Logger.Metadata = [:]) -> String {
    // The time is local; it has a width and no other promise here.
    String(TextLogLine.format(hasColor: false)(event(message, level: level), metadata, time).dropFirst(13))
  }

  @Test("A JSON line has time, level, message and the metadata by key")
  func jsonLine() {
    let metadata: Logger.Metadata = [
      "workers": "\(2)", "sessions": .stringConvertible(7), "ok": .stringConvertible(true), "level": "own",
      "list": ["a", .stringConvertible(1)], "map": ["k": "v"],
    ]
    #expect(
      json("started", metadata)
        == #"{"time":"2026-02-03T04:05:06.007Z","level":"info","message":"started","level_":"own","list":["a",1],"#
        + #""map":{"k":"v"},"ok":true,"sessions":7,"workers":"2"}"#)
  }

  @Test("Nothing in a message can end the line or the string")
  func jsonEscapes() {
    #expect(
      json("a\"b\\c\nd\re\tf\u{1b}[2Jg\u{0}\u{85}é😀")
        == #"{"time":"2026-02-03T04:05:06.007Z","level":"info","message":"a\"b\\c\nd\re\tf\u001b[2Jg\u0000\u0085é😀"}"#)
  }

  @Test("A text line has level, message and the metadata by key")
  func textLine() {
    #expect(text("started", ["b": "two words", "a": "1", "c": ""]) == #"info    started a=1 b="two words" c="""#)
    #expect(text("hot", level: .warning) == "warning hot")
  }

  @Test("What comes from outside neither moves the cursor nor looks like another event")
  func textEscapes() {
    #expect(text("a\u{1b}[2Jb\r\u{7}") == #"info    a\u{1b}[2Jb\u{d}\u{7}"#)
    #expect(text("a\n12:00:00.000 error   b") == "info    a\n    12:00:00.000 error   b")
    #expect(text("x", ["k": "\u{1b}"]) == #"info    x k=\u{1b}"#)
  }
}
