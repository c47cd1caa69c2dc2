import FilterKit
import FilterTesting
import TestNetwork
import Testing

/// The cases of the filters that the kernel runs, by real packets that the kernel carries.
@Suite(.requiresNamespaces) struct LiveCaseTests {
  /// Those with limits and turns are left out: the packets that make the sessions would count.
  static let cases = KernelCaseTests.cases.filter { isForLiveNetwork($0) && !KernelEngine.hasState($0) }

  /// One after the other, since making a network takes longer than a case.
  @Test func packetsThatTheKernelCarries() throws {
    let engine = LiveEngine(network: try LiveNetwork())
    for test in Self.cases {
      do {
        let problems = test.problems(in: try engine.run(test))
        #expect(problems.isEmpty, "\(test.place): \(problems.joined(separator: "\n"))")
      } catch {
        Issue.record("\(test.place): \(error)")
      }
    }
  }

  /// It needs no clock that stands still, and a server only sends where a packet reached it before.
  private static func isForLiveNetwork(_ test: FilterCase) -> Bool {
    guard SocketEngine.runs(test), test.chain.clock == nil else { return false }
    var reached: Set<SocketAddress> = []
    for step in test.steps {
      if step.direction == .write, !reached.contains(step.source) { return false }
      guard step.direction == .read, case .forwarded(_, let recipients) = step.expected else { continue }
      switch recipients {
      case .everyEndpoint: reached.formUnion(test.endpoints.map(\.address))
      case .exactly(let addresses): reached.formUnion(addresses)
      case .client, .oneOf: break
      }
    }
    return true
  }

  @Test func mostCasesAreAmongThem() {
    #expect(Self.cases.count * 10 >= KernelCaseTests.cases.count * 6)
  }
}
