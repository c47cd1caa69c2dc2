import Conformance
import FilterKit
import Filters
import TestNetwork
import Testing

/// Every case of `filters/*/cases.yaml` that clients and servers can bring about, through a running proxy.
@Suite struct SocketCaseTests {
  private static func cases() throws -> [ConformanceCase] {
    try ConformanceCase.all().filter(\.canRunOverSockets)
  }

  @Test(.requiresNamespaces, arguments: try cases())
  func packetsOverSockets(_ test: ConformanceCase) throws {
    let problems = test.problems(in: try SocketEngine(registry: .builtin).run(test))
    #expect(problems.isEmpty, "\(test.folder)/cases.yaml:\(test.line): \(problems.joined(separator: "\n"))")
  }

  @Test func mostCasesRunOverSockets() throws {
    let cases = try Self.cases()
    #expect(cases.count > 150)
    #expect(Set(cases.map(\.folder)) == Set(FilterRegistry.builtin.names))
  }
}
