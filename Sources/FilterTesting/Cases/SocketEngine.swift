import FilterKit
import Glibc
package import TestNetwork

/// Runs cases through a proxy over real sockets, with the monotonic clock of this machine.
package struct SocketEngine: CaseEngine {
  private let namespace: NetworkNamespace?

  /// - Parameter namespace: a network that takes every address as its own; nil for ports of 127.0.0.1.
  package init(in namespace: NetworkNamespace? = nil) { self.namespace = namespace }

  /// Whether clients and servers at sockets can bring a case about: no time must be met to the millisecond, and who sends is a client or
  /// an endpoint.
  package static func runs(_ test: FilterCase) -> Bool {
    let endpoints = Set(test.endpoints.map(\.address))
    return !test.steps.isEmpty
      && test.steps.allSatisfy { step in
        step.time.isMultiple(of: 100_000_000) && (step.direction == .read || endpoints.contains(step.source))
      }
  }

  package func run(_ test: FilterCase) throws -> CaseResult {
    let proxy = try SocketRun(test.chain, in: namespace)
    var outcomes: [PacketOutcome] = []
    // Each pause starts when the packet before has come out, so packets are at least as far apart at the proxy. The thread
    // waits itself: a task that slept would go on only after the tests that wait for a thread.
    var time: UInt64 = 0
    for step in test.steps {
      if step.time > time { usleep(useconds_t((step.time - time) / 1_000)) }
      time = max(time, step.time)
      for _ in 0..<step.times {
        let client = proxy.lastClient(of: step.source) ?? TrialChain.defaultClient
        do { outcomes.append(try proxy.run(step.packet(toward: client))) } catch {
          throw TrialProblem("line \(step.line): \(error)")
        }
      }
    }
    // When the proxy has ended, everything that it sent has arrived. What nobody waited for counts as a copy too many.
    let late = try proxy.stop()
    if !late.isEmpty { outcomes[outcomes.count - 1].deliveries += late }
    return CaseResult(outcomes: outcomes, MetricTotals(proxy.metrics))
  }
}
