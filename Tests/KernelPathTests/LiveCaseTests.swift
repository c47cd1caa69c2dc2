import Conformance
import FilterKit
import TestNetwork
import Testing

/// The cases of the filters that the kernel runs, by real packets that the kernel carries.
@Suite(.requiresNamespaces) struct LiveCaseTests {
  /// Those with limits and turns are left out: the packets that make the sessions would count.
  static let cases = KernelCaseTests.cases.filter { $0.canRunOverSockets && !KernelEngine.hasState($0) }

  /// One after the other, since making a network takes longer than a case.
  @Test func packetsThatTheKernelCarries() throws {
    let engine = LiveEngine(network: try LiveNetwork())
    for test in Self.cases {
      let place = "\(test.folder)/cases.yaml:\(test.line)"
      do {
        let problems = test.problems(in: try engine.run(test))
        #expect(problems.isEmpty, "\(place): \(problems.joined(separator: "\n"))")
      } catch {
        Issue.record("\(place): \(error)")
      }
    }
  }

  @Test func mostCasesAreAmongThem() {
    #expect(Self.cases.count * 10 >= KernelCaseTests.cases.count * 6)
  }
}
