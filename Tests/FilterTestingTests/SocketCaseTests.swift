import FilterKit
import FilterTesting
import Filters
import TestNetwork
import Testing

/// Every case of `filters/*/cases.yaml` that clients and servers can bring about, through a running proxy.
@Suite struct SocketCaseTests {
  static let cases = try! FilterCases(at: "../../filters", filters: .builtin).filter(SocketEngine.runs)

  /// As anybody can run them, who has no network of their own: over IPv4, with the cases' addresses shown to the filters.
  @Test(arguments: cases) func packetsOverLoopback(_ test: FilterCase) throws {
    try check(test, SocketEngine())
  }

  /// With the addresses of the cases, of both families.
  @Test(.requiresNamespaces, arguments: cases) func packetsOverSockets(_ test: FilterCase) throws {
    let namespace = try NetworkNamespace()
    for range in ["0.0.0.0/0", "::/0"] { try namespace.addLocalRange(range) }
    try check(test, SocketEngine(in: namespace))
  }

  private func check(_ test: FilterCase, _ engine: SocketEngine) throws {
    let problems = test.problems(in: try engine.run(test))
    #expect(problems.isEmpty, "\(test.place): \(problems.joined(separator: "\n"))")
  }

  @Test func mostCasesRunOverSockets() {
    #expect(Self.cases.count > 150)
    #expect(Set(Self.cases.map(\.folder)) == Set(FilterRegistry.builtin.names))
  }
}
