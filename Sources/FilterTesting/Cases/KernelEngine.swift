import FilterKit

/// Runs cases through the program in the kernel, frame by frame.
package struct KernelEngine: CaseEngine {
  package init() {}

  /// Whether a trial run can bring a case about: all of the chain is for the kernel, a datagram fits into a frame, and nothing depends
  /// on the time between packets.
  package static func runs(_ test: FilterCase) -> Bool {
    guard !test.steps.isEmpty, test.steps.allSatisfy({ $0.payload.count <= KernelRun.maximumPayload }),
      let plan = test.chain.plan
    else { return false }
    return plan.refusal == nil && (plan.tables.states.isEmpty || test.steps.allSatisfy { $0.time == 0 })
  }

  /// Whether what comes of a packet depends on those before it.
  package static func hasState(_ test: FilterCase) -> Bool { test.chain.plan?.tables.states.isEmpty == false }

  package func run(_ test: FilterCase) throws -> CaseResult { try run(test, in: KernelRun(test.chain)) }

  func run(_ test: FilterCase, in program: KernelRun) throws -> CaseResult {
    var outcomes: [PacketOutcome] = []
    for step in test.steps.flatMap({ Array(repeating: $0, count: $0.times) }) {
      do {
        let outcome = try program.run(step.packet())
        guard outcome.handOver == nil || outcome.deliveries.count != 1 || program.mayHandOver else {
          throw TrialProblem("handed over (\(outcome.handOver ?? "")), though it goes to one endpoint")
        }
        outcomes.append(outcome)
      } catch { throw TrialProblem("line \(step.line): \(error)") }
    }
    return CaseResult(outcomes: outcomes, MetricTotals(program.metrics))
  }
}
