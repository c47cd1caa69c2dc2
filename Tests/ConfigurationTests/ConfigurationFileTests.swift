import FilterKit
import Filters
import Glibc
import ProxyConfiguration
import Testing

/// A directory that goes away with its owner.
private final class TemporaryDirectory {
  let path: String

  init() throws {
    var template = Array("/tmp/configuration-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
    path = String(cString: try #require(made))
  }

  deinit {
    for name in ["proxy.yaml", "link.yaml", "pipe"] { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  func file(_ name: String, _ text: String = "") throws -> String {
    let file = try #require(fopen("\(path)/\(name)", "w"))
    fputs(text, file)
    fclose(file)
    return "\(path)/\(name)"
  }
}

@Suite struct ConfigurationFileTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func load(_ path: String) throws(ConfigurationError) -> Configuration {
    try ConfigurationFile.load(path, registry: .builtin, metrics: Metrics())
  }

  private func error(_ path: String) -> String {
    do throws(ConfigurationError) {
      _ = try load(path)
      return "nothing thrown"
    } catch { return "\(error)" }
  }

  @Test func readsAFileThroughALink() throws {
    let path = try directory.file("proxy.yaml", "version: v1alpha1\nid: a\n")
    let link = "\(directory.path)/link.yaml"
    try #require(symlink(path, link) == 0)
    #expect(try load(path).id == "a")
    #expect(try load(link).id == "a")
  }

  @Test func errorsNameTheFileAsItWasGiven() throws {
    let path = try directory.file("proxy.yaml", "version: v1alpha1\nids: a\nclusters: 3\n")
    #expect(
      error(path) == """
        \(path):2:1: unknown key 'ids' (did you mean 'id'?)
        \(path):3:11: expected a list, found '3'
        """)
  }

  @Test func aMissingFile() {
    let path = "\(directory.path)/proxy.yaml"
    #expect(error(path) == "\(path): cannot be opened: No such file or directory")
  }

  @Test func anEmptyFile() throws {
    let path = try directory.file("proxy.yaml")
    #expect(error(path) == "\(path):1:1: the file is empty")
  }

  @Test func aDirectory() {
    #expect(error(directory.path) == "\(directory.path): is a directory: name the file in it")
  }

  @Test(arguments: ["/dev/zero", "/dev/random", "/dev/null"])
  func devicesAreRefused(path: String) {
    #expect(error(path) == "\(path): is a device: a configuration is read from a regular file")
  }

  @Test func aPipeThatNobodyWritesToIsRefused() throws {
    let path = "\(directory.path)/pipe"
    try #require(mkfifo(path, 0o600) == 0)
    #expect(error(path) == "\(path): is a pipe: a configuration is read from a regular file")
  }

  @Test func aFileThatCannotBeRead() {
    // The first page of an address space is not mapped, so this regular file fails on the first read.
    #expect(error("/proc/self/mem") == "/proc/self/mem: cannot be read: Input/output error")
  }

  @Test func theSizeIsBounded() throws {
    let path = try directory.file("proxy.yaml")
    try #require(truncate(path, 64 << 20) == 0)
    #expect(error(path) == "\(path):1:1: the character U+0000 is not allowed in YAML")
    try #require(truncate(path, 64 << 20 + 1) == 0)
    #expect(error(path) == "\(path): is over 64 MiB, the limit of a configuration file")
    try #require(truncate(path, 1 << 50) == 0 || errno == EFBIG)
    #expect(error(path) == "\(path): is over 64 MiB, the limit of a configuration file")
  }

  @Test func textIsBoundedToo() {
    let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: 64 << 20 + 1)
    #expect(throws: ConfigurationError.self) {
      try ConfigurationFile.read(bytes, file: "f", registry: .builtin, metrics: Metrics())
    }
  }

  /// Nanoseconds that this thread has run.
  private func threadTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  @Test func manyEndpointsAreReadInLinearTime() throws {
    func processorTime(endpoints count: Int) throws -> Int {
      var text = "version: v1alpha1\nclusters:\n- endpoints:\n"
      for index in 0..<count {
        text += "  - address: 10.\(index >> 16).\(index >> 8 & 0xff).\(index & 0xff):7000\n"
      }
      let start = threadTime()
      let configuration = try ConfigurationFile.read(
        text, file: "f", registry: .builtin, metrics: Metrics())
      #expect(configuration.endpoints.count == count)
      return threadTime() - start
    }
    // Quadratic time would be 400 times as much, linear time is 20 times.
    let small = try processorTime(endpoints: 1000)
    #expect(try processorTime(endpoints: 20_000) < small * 100)
  }
}
