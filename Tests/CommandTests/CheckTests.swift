import Glibc
import TestNetwork
import Testing

@Suite struct CheckTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func check(_ path: String) throws -> (TestNetwork.ExitStatus, String) {
    let process = try ChildProcess.proxy(["check", "--config", path])
    return (try process.awaitExit(), process.output)
  }

  @Test("A good file is summed up")
  func good() throws {
    let file = try folder.write(
      """
      version: v1alpha1
      filters:
        - name: Capture
          config: {suffix: {size: 3}}
        - name: TokenRouter
      clusters:
        - endpoints:
            - address: no.such.name.invalid:7000
      """, to: "good.yaml")
    let (status, output) = try check(file)
    #expect(status == .exited(0))
    #expect(output == "\(file): ok, 2 filters, 1 endpoint\n")
  }

  @Test("Warnings are listed, and the file is good")
  func warnings() throws {
    let file = try folder.write("version: v1alpha1\nqcmp_port: 7600\n", to: "warning.yaml")
    let (status, output) = try check(file)
    #expect(status == .exited(0))
    #expect(
      output == """
        \(file):2:1: warning: 'qcmp_port' has no effect here
        \(file): ok, 0 filters, 0 endpoints, 1 warning

        """)
  }

  @Test("All errors are listed with their places, and counted")
  func errors() throws {
    let file = try folder.write(
      """
      version: v1alpha1
      filters:
        - name: Captur
        - name: Capture
          config: {sufix: {size: 3}}
      qcmp_port: 7600
      clusters:
        - endpoints:
            - address: 10.0.0.1
      """, to: "bad.yaml")
    let (status, output) = try check(file)
    #expect(status == .exited(1))
    let lines = output.split(separator: "\n").map(String.init)
    #expect(lines.contains("\(file):3:11: unknown filter 'Captur' (did you mean 'Capture'?)"))
    #expect(lines.contains { $0.hasPrefix("\(file):5:14: ") && $0.contains("(did you mean 'suffix'?)") })
    #expect(lines.contains { $0.hasPrefix("\(file):9:18: ") && $0.contains("has no port") })
    let errors = lines.dropLast().count { !$0.contains(": warning: ") }
    #expect(lines.last == "\(file): \(errors) errors, 1 warning")
  }

  @Test("A file that is not there is an error of the configuration")
  func missing() throws {
    let (status, output) = try check("\(folder.path)/none.yaml")
    #expect(status == .exited(1))
    #expect(output == "\(folder.path)/none.yaml: cannot be opened: No such file or directory\n")
  }

  @Test(
    "The examples are good, and without warnings",
    arguments: ["quickstart", "ddos-edge", "versions", "voice", "kernel-path"])
  func examples(name: String) throws {
    let (status, output) = try check("examples/\(name).yaml")
    #expect(status == .exited(0))
    #expect(output.hasPrefix("examples/\(name).yaml: ok, "))
  }

  @Test("The file's name comes from the environment too, and the command line wins")
  func environment() throws {
    let file = try folder.write("version: v1alpha1", to: "a.yaml")
    let fromVariable = try ChildProcess.proxy(["check"], environment: ["PROXY_CONFIG": file])
    #expect(try fromVariable.awaitExit() == .exited(0))
    #expect(fromVariable.output.hasPrefix("\(file): ok"))
    let both = try ChildProcess.proxy(["check", "--config", file], environment: ["PROXY_CONFIG": "/none"])
    #expect(try both.awaitExit() == .exited(0))
  }
}
