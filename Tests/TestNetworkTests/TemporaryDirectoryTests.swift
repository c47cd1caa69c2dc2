import Glibc
import TestNetwork
import Testing

@Suite struct TemporaryDirectoryTests {
  @Test func `files are written anew and go with the folder`() throws {
    let path: String
    do {
      let directory = try TemporaryDirectory()
      path = directory.path
      let file = try directory.write("a longer text", to: "file")
      try directory.write("short", to: "file")
      let process = try ChildProcess("cat", [file])
      #expect(try process.awaitExit() == .exited(0))
      #expect(process.output == "short")
      #expect(access(path, F_OK) == 0)
    }
    #expect(access(path, F_OK) == -1)
  }
}
