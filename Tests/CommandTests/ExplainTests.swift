import TestNetwork
import Testing

/// `proxy explain`.
@Suite("proxy explain") struct ExplainTests {
  private let folder = try! TemporaryDirectory()

  private func explain(_ filters: String) throws -> ChildProcess {
    let file = try folder.write("version: v1alpha1\nfilters: \(filters)\n", to: "proxy.yaml")
    let process = try ChildProcess.proxy(["explain", "--config", file])
    #expect(try process.awaitExit() == .exited(0))
    return process
  }

  @Test("A chain for the kernel, with its slots") func kernel() throws {
    let process = try explain("[{name: Capture, label: token, config: {suffix: {size: 4}}}, {name: TokenRouter}]")
    #expect(
      process.output == """
        read   token        kernel   1 slot
        read   TokenRouter  kernel   1 slot
        write  TokenRouter  kernel   nothing to do
        write  token        kernel   nothing to do
        chain: kernel, 2 of 16 slots on read, 0 on write

        """)
  }

  @Test(
    "What stays on the sockets, with the reason",
    arguments: [
      ("{name: Capture, config: {regex: {pattern: a}}}", "a regular expression"),
      ("{name: Capture, config: {prefix: {size: 33}}}", "it captures 33 bytes, and the kernel's program keeps 32"),
      ("{name: Debug}", "it logs every packet, which the kernel's program cannot"),
    ])
  func sockets(filter: String, reason: String) throws {
    let name = filter.contains("Debug") ? "Debug" : "Capture"
    let output = try explain("[\(filter)]").output
    #expect(output.hasPrefix("read   \(name)  sockets  because \(reason)\n"))
    let direction = name == "Debug" ? "chain" : "read"
    #expect(output.contains("\(direction): sockets, because filter '\(name)' runs on sockets only: \(reason)\n"))
  }

  @Test("What is in front of a filter for sockets drops early, and the other direction is the kernel's") func early()
    throws
  {
    let output = try explain(
      "[{name: PacketSize, label: size, config: {max: 9}}, {name: Compress, label: small, config: {on_read: DECOMPRESS}}]"
    ).output
    #expect(
      output == """
        read   size   kernel   1 slot, drops early; the sockets run it again
        read   small  sockets  because it compresses, which the kernel's program cannot
        write  small  kernel   nothing to do
        write  size   kernel   nothing to do
        read: sockets, because filter 'small' runs on sockets only: it compresses, which the kernel's program cannot; the \
        kernel drops early, with 2 slots
        write: kernel, 0 of 16 slots

        """)
  }

  @Test("A branch that only the sockets run") func branch() throws {
    let output = try explain(
      """
      [{name: Capture, config: {prefix: {size: 1}}},
       {name: Match, config: {on_read: {metadataKey: quilkin.dev/capture, branches: [{value: 1, name: Pass}, {value: 2, name: Debug}]}}}]
      """
    ).output
    #expect(output.contains("Debug: its packets go to the sockets, because it logs every packet"))
    #expect(output.contains("chain: kernel, "))
  }

  @Test("More than the image holds is a reason and not a program that does not load") func tooMany() throws {
    let many = Array(repeating: "{name: PacketSize, config: {max: 9}}", count: 17).joined(separator: ", ")
    let output = try explain("[\(many)]").output
    #expect(output.contains("the chain needs more than the 16 slots that the kernel's program has"))
  }
}
