import Glibc
import TestNetwork
import Testing

@testable import Operations

/// When a file that changes is read. The clock is the test's own, so that a busy machine changes nothing.
@Suite struct SettlingFileTests {
  private static let millisecond: UInt64 = 1_000_000
  private let folder = try! TemporaryDirectory()

  private var path: String { "\(folder.path)/f" }

  /// Takes what has happened as happening now, and expects one reading after a quiet time.
  private func expectReading(_ file: inout SettlingFile, at now: UInt64) {
    let hasChanged = file.collect(now: now)
    let due = file.due
    #expect(hasChanged)
    #expect(due == now + SettlingFile.quiet)
    let look = file.begin(now: now + SettlingFile.quiet)
    #expect(look == .init(wasAsked: false, isSecond: false))
    let (hasMore, next) = (file.collect(now: now + SettlingFile.quiet), file.due)
    #expect(!hasMore && next == nil)
  }

  @Test("Writing in place, renaming over it, and making it anew are each one reading") func once() throws {
    try folder.write("1", to: "f")
    var file = try SettlingFile(path)
    try folder.write("2", to: "f")
    expectReading(&file, at: 1)
    // As editors do.
    try folder.write("3", to: ".f.swp")
    try #require(rename("\(path.dropLast())/.f.swp", path) == 0)
    expectReading(&file, at: 2)
    try #require(unlink(path) == 0)
    let (isGone, due) = (file.collect(now: 3), file.due)
    #expect(isGone && due == nil, "what is gone is not read")
    try folder.write("4", to: "f")
    expectReading(&file, at: 4)
    // A second name of a file that is complete.
    try folder.write("5", to: "other")
    try #require(unlink(path) == 0)
    try #require(link("\(folder.path)/other", path) == 0)
    expectReading(&file, at: 5)
  }

  @Test("A burst is one reading, and one without an end is read all the same") func burst() throws {
    try folder.write("0", to: "f")
    var file = try SettlingFile(path)
    for number in 1...100 {
      let now = UInt64(number) * Self.millisecond
      try folder.write("\(number)", to: "f")
      let hasChanged = file.collect(now: now)
      let due = file.due
      #expect(hasChanged)
      #expect(due == min(now + SettlingFile.quiet, Self.millisecond + SettlingFile.longest))
    }
    _ = file.begin(now: 200 * Self.millisecond)
    try folder.write("more", to: "f")
    expectReading(&file, at: 200 * Self.millisecond)
  }

  @Test("An empty file is looked at again, and read when its writer is done", arguments: [false, true])
  func empty(isAsked: Bool) throws {
    try folder.write("1", to: "f")
    var file = try SettlingFile(path)
    let first = SettlingFile.Look(wasAsked: isAsked, isSecond: false)
    // It was emptied, but that was not heard yet.
    file.doubt(first, now: 1)
    let due = file.due
    #expect(due == 1 + SettlingFile.patience)
    let writer = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
    try #require(writer >= 0)
    let (hasChanged, next) = (file.collect(now: 2), file.due)
    #expect(hasChanged && next == (isAsked ? due : nil), "who asks waits no longer")
    #expect(write(writer, "2", 1) == 1)
    close(writer)
    let (hasMore, last) = (file.collect(now: 3), file.due)
    #expect(hasMore && last == 3 + SettlingFile.quiet)
    let look = file.begin(now: 3 + SettlingFile.quiet)
    #expect(look == first)
    // Nobody is heard of: it is empty.
    file.doubt(look, now: 4)
    let second = file.begin(now: 4 + SettlingFile.patience)
    #expect(second == .init(wasAsked: isAsked, isSecond: true))
    let end = file.due
    #expect(end == nil)
  }

  @Test("A file is not read before its writer is done, unless somebody asks for it and is patient") func writer() throws
  {
    try folder.write("1", to: "f")
    var file = try SettlingFile(path)
    let writer = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
    try #require(writer >= 0)
    #expect(write(writer, "half", 4) == 4)
    let (hasChanged, due) = (file.collect(now: 1), file.due)
    #expect(hasChanged && due == nil)
    file.ask(now: 2)
    let asked = file.due
    #expect(asked == 2 + SettlingFile.patience)
    let look = file.begin(now: 2 + SettlingFile.patience)
    #expect(look == .init(wasAsked: true, isSecond: false))
    close(writer)
    expectReading(&file, at: 3)
  }

  @Test("Who writes to what is at the path no more is not waited for", arguments: ["folder", "file"])
  func writerElsewhere(what: String) throws {
    let root = folder.path
    for name in ["a", "a/b"] { try #require(mkdir("\(root)/\(name)", 0o755) == 0) }
    try folder.write("1", to: "a/b/f")
    var file = try SettlingFile("\(root)/a/b/f")
    let writer = open("\(root)/a/b/f", O_WRONLY | O_CLOEXEC)
    try #require(writer >= 0)
    defer { close(writer) }
    #expect(write(writer, "2", 1) == 1)
    // The way back is whole before anybody looks.
    if what == "folder" {
      try #require(rename("\(root)/a", "\(root)/old") == 0)
      _ = file.collect(now: 1)
      for name in ["a", "a/b"] { try #require(mkdir("\(root)/\(name)", 0o755) == 0) }
    } else {
      try #require(unlink("\(root)/a/b/f") == 0)
      _ = file.collect(now: 1)
      #expect(write(writer, "3", 1) == 1)
    }
    try folder.write("4", to: "a/b/f")
    expectReading(&file, at: 2)
    #expect(write(writer, "5", 1) == 1)
    let (hasChanged, due) = (file.collect(now: 3), file.due)
    #expect(!hasChanged && due == nil)
  }
}
