import Glibc
import TestNetwork
import Testing

@Suite struct ChildProcessTests {
  @Test func `lines of both outputs are awaited and the status is told`() throws {
    let process = try ChildProcess(
      "sh", ["-c", "echo listening on $PLACE; echo trouble >&2; exit 3"], environment: ["PLACE": "here"])
    #expect(try process.awaitLine(containing: "listening") == "listening on here")
    #expect(try process.awaitLine(containing: "trouble") == "trouble")
    #expect(try process.awaitExit() == .exited(3))
  }

  @Test func `a line that never comes is an error that shows what came`() throws {
    let process = try ChildProcess("sh", ["-c", "echo one; echo two"])
    let error = #expect(throws: LineMissing.self) { try process.awaitLine(containing: "three") }
    #expect(error?.description.hasSuffix("one\ntwo\n") == true)
  }

  @Test func `a signal ends it`() throws {
    let process = try ChildProcess("sleep", ["600"])
    #expect(throws: StillRunning.self) { try process.awaitExit(within: .milliseconds(10)) }
    try process.signal(SIGTERM)
    #expect(try process.awaitExit() == .signalled(SIGTERM))
    // It is reaped: its id may be another's now.
    try process.signal(SIGTERM)
  }

  @Test func `a paused process does nothing until it is resumed`() throws {
    let process = try ChildProcess("sh", ["-c", "trap 'echo heard' USR1; echo ready; while :; do sleep 0.01; done"])
    try process.awaitLine(containing: "ready")
    for _ in 0..<2 {
      let printed = process.output
      try process.pause()
      try process.signal(SIGUSR1)
      #expect(throws: LineMissing.self) { try process.awaitLine(containing: "never", within: .milliseconds(30)) }
      #expect(process.output == printed)
      try process.resume()
      #expect(eventually { process.output == printed + "heard\n" })
    }
  }

  @Test func `it is killed and reaped with its last owner, though its own child holds the pipe`() throws {
    let id: Int32
    do {
      let process = try ChildProcess("sh", ["-c", "sleep 5 & echo ready; wait"])
      try process.awaitLine(containing: "ready")
      id = process.id
    }
    #expect(kill(id, 0) == -1)
    #expect(errno == ESRCH)
  }

  @Test func `a program that is not there is an error`() {
    #expect(throws: SystemError.self) { try ChildProcess("/nowhere/program", []) }
    #expect(throws: SystemError.self) { try ChildProcess("no-such-program", []) }
  }

  @Test(.requiresNamespaces) func `it lives in the namespace that it was started in`() throws {
    let (namespace, peer) = (try NetworkNamespace(), try NetworkNamespace())
    try namespace.link(to: peer, name: "marker")
    let process = try ChildProcess("ip", ["-brief", "link"], in: namespace)
    #expect(try process.awaitExit() == .exited(0))
    // The cable goes with either of its ends.
    withExtendedLifetime(peer) {}
    #expect(process.output.contains("marker"))
  }
}
