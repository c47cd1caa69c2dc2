import Glibc
import Synchronization
import TestNetwork
import Testing

@testable import Operations

@Suite struct ConfigurationWatchTests {
  private let folder = try! TemporaryDirectory()

  /// What a watch has read.
  private final class Readings: Sendable {
    private let texts = Mutex<[String]>([])

    func add(_ reading: ConfigurationWatch.Reading) {
      let bytes = try? reading.contents.get()
      texts.withLock { $0.append(bytes.map { String(decoding: $0, as: UTF8.self) } ?? "unreadable") }
    }

    var all: [String] { texts.withLock { $0 } }

    /// Waits for a text as the last one.
    func awaits(_ text: String) -> Bool { eventually { all.last == text } }
    /// Whether a text stays the last one in a time that is long for a watch.
    func rest(at text: String) -> Bool { !eventually(within: .milliseconds(120)) { all.last != text } }
  }

  private func watch(_ path: String) throws -> (ConfigurationWatch, Readings) {
    let readings = Readings()
    return (try ConfigurationWatch(path) { readings.add($0) }, readings)
  }

  @discardableResult private func run(_ result: Int32) -> Bool { result == 0 }

  @Test("Writing in place, renaming over it, deleting and making it anew are followed")
  func regularFile() throws {
    let path = try folder.write("1", to: "f")
    let (watch, readings) = try watch(path)
    #expect(readings.awaits("1"))
    try folder.write("2", to: "f")
    #expect(readings.awaits("2"))
    // As editors do.
    try folder.write("3", to: ".f.swp")
    try #require(run(rename("\(folder.path)/.f.swp", path)))
    #expect(readings.awaits("3"))
    try #require(run(unlink(path)))
    #expect(readings.rest(at: "3"))
    try folder.write("4", to: "f")
    #expect(readings.awaits("4"))
    // A second name of a file that is complete.
    try #require(run(unlink(path)))
    try folder.write("5", to: "other")
    try #require(run(link("\(folder.path)/other", path)))
    #expect(readings.awaits("5"))
    withExtendedLifetime(watch) {}
  }

  @Test("What is next to the file is none of its business")
  func neighbours() throws {
    let (watch, readings) = try watch(try folder.write("1", to: "f"))
    #expect(readings.awaits("1"))
    for number in 0..<20 { try folder.write("\(number)", to: "g") }
    #expect(readings.rest(at: "1"))
    withExtendedLifetime(watch) {}
  }

  @Test("A file that is being written to is read when its writer is done")
  func halfWritten() throws {
    let path = try folder.write("1", to: "f")
    let (watch, readings) = try watch(path)
    #expect(readings.awaits("1"))
    let file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
    try #require(file >= 0)
    #expect(write(file, "half", 4) == 4)
    #expect(readings.rest(at: "1"))
    #expect(write(file, " and half", 9) == 9)
    #expect(readings.rest(at: "1"))
    close(file)
    #expect(readings.awaits("half and half"))
    #expect(Set(readings.all) == ["1", "half and half"])
    withExtendedLifetime(watch) {}
  }

  @Test("So is a new one")
  func halfWrittenNew() throws {
    let path = try folder.write("1", to: "f")
    let (watch, readings) = try watch(path)
    #expect(readings.awaits("1"))
    try #require(run(unlink(path)))
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    #expect(readings.rest(at: "1"))
    #expect(write(file, "half", 4) == 4)
    #expect(readings.rest(at: "1"))
    close(file)
    #expect(readings.awaits("half"))
    withExtendedLifetime(watch) {}
  }

  /// A mounted config map: `proxy.yaml` leads to `..data/proxy.yaml`, and `..data` to a folder that is named by its time.
  @Test("Links that are swapped are followed, wherever on the way they are", arguments: [false, true])
  func configMap(isAnotherFolder: Bool) throws {
    let root = folder.path
    func make(_ version: String) throws {
      try #require(run(mkdir("\(root)/mount/..\(version)", 0o755)))
      try folder.write(version, to: "mount/..\(version)/proxy.yaml")
      try #require(run(symlink("..\(version)", "\(root)/mount/..data_tmp")))
      try #require(run(rename("\(root)/mount/..data_tmp", "\(root)/mount/..data")))
    }
    try #require(run(mkdir("\(root)/mount", 0o755)))
    try make("1")
    try #require(run(symlink("..data/proxy.yaml", "\(root)/mount/proxy.yaml")))
    if isAnotherFolder { try #require(run(symlink("\(root)/mount", "\(root)/etc"))) }
    let (watch, readings) = try watch("\(root)/\(isAnotherFolder ? "etc" : "mount")/proxy.yaml")
    #expect(readings.awaits("1"))
    for version in 2...5 {
      try make("\(version)")
      unlink("\(root)/mount/..\(version - 1)/proxy.yaml")
      rmdir("\(root)/mount/..\(version - 1)")
      #expect(readings.awaits("\(version)"))
    }
    if isAnotherFolder {
      // The folder itself gets replaced.
      try #require(run(mkdir("\(root)/next", 0o755)))
      try folder.write("6", to: "next/proxy.yaml")
      try #require(run(symlink("next", "\(root)/link")))
      try #require(run(rename("\(root)/link", "\(root)/etc")))
      #expect(readings.awaits("6"))
      try folder.write("7", to: "next/proxy.yaml")
      #expect(readings.awaits("7"))
    }
    withExtendedLifetime(watch) {}
  }

  @Test("A folder that goes away and comes back is followed")
  func folderAnew() throws {
    let root = folder.path
    try #require(run(mkdir("\(root)/a", 0o755)))
    try #require(run(mkdir("\(root)/a/b", 0o755)))
    try folder.write("1", to: "a/b/f")
    let (watch, readings) = try watch("\(root)/a/b/f")
    #expect(readings.awaits("1"))
    try #require(run(rename("\(root)/a", "\(root)/old")))
    try folder.write("2", to: "old/b/f")
    #expect(readings.rest(at: "1"))
    try #require(run(mkdir("\(root)/a", 0o755)))
    try #require(run(mkdir("\(root)/a/b", 0o755)))
    try folder.write("3", to: "a/b/f")
    #expect(readings.awaits("3"))
    try folder.write("4", to: "a/b/f")
    #expect(readings.awaits("4"))
    withExtendedLifetime(watch) {}
  }

  @Test("A reading that is asked for comes, changed or not, and says that it was asked for")
  func asked() throws {
    let path = try folder.write("1", to: "f")
    let asked = Mutex(0)
    let watch = try ConfigurationWatch(path) { reading in if reading.wasAsked { asked.withLock { $0 += 1 } } }
    watch.requestReading()
    #expect(eventually { asked.withLock { $0 } == 1 })
  }
}
