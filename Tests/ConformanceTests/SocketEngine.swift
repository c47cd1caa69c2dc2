import Conformance
import FilterKit
import Glibc

/// Runs cases through a proxy over real sockets, in a network of its own, with the clock of this machine.
struct SocketEngine: ConformanceEngine {
  private let registry: FilterRegistry

  init(registry: FilterRegistry) { self.registry = registry }

  func run(_ test: ConformanceCase) throws -> CaseResult {
    let network = try CaseNetwork(test, registry: registry)
    var outcomes: [CaseResult.Outcome] = []
    // Each pause starts when the packet before has come out, so packets are at least as far apart at the proxy. The thread
    // waits itself: a task that slept would go on only after the tests that wait for a thread.
    var time: UInt64 = 0
    for step in test.steps {
      if step.time > time { usleep(useconds_t((step.time - time) / 1_000)) }
      time = max(time, step.time)
      for _ in 0..<step.times { outcomes.append(try network.run(step)) }
    }
    // When the proxy has ended, everything that it sent has arrived. What nobody waited for counts as a copy too many.
    let late = try network.stop()
    if !late.isEmpty { outcomes[outcomes.count - 1].deliveries += late }
    let totals = network.totals
    return CaseResult(
      outcomes: outcomes, counters: totals.drops.filter { $0.key != CaseNetwork.proxyLabel }, metrics: totals.counters)
  }
}
