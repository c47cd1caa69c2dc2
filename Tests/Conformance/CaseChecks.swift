public import FilterKit

extension ConformanceCase {
  /// What differs between what must be and what was, one line each. Empty where the case passed.
  public func problems(in result: CaseResult) -> [String] {
    var problems: [String] = []
    var outcomes = result.outcomes[...]
    for step in steps {
      for time in 1...step.times {
        guard let outcome = outcomes.popFirst() else { return problems + ["line \(step.line): no outcome"] }
        let place = "line \(step.line)" + (step.times > 1 ? ", time \(time)" : "")
        problems += self.problems(of: step, in: outcome).map { "\(place): \($0)" }
      }
    }
    if !outcomes.isEmpty { problems.append("\(outcomes.count) packets too many came out") }
    if result.counters != counters {
      problems.append("drops are \(Self.text(result.counters)), expected \(Self.text(counters))")
    }
    for (name, expected) in metrics.sorted(by: { $0.key < $1.key }) {
      guard let value = result.metrics[name] else {
        problems.append("there is no \(name) among \(result.metrics.keys.sorted().joined(separator: ", "))")
        continue
      }
      if value != expected { problems.append("\(name) is \(value), expected \(expected)") }
    }
    return problems
  }

  private func problems(of step: Step, in outcome: CaseResult.Outcome) -> [String] {
    switch step.expected {
    case .dropped(let reason):
      guard outcome.deliveries.isEmpty else { return ["was forwarded, expected to be dropped as \(reason)"] }
      guard let found = outcome.reason, found != reason else { return [] }
      return ["was dropped as \(found), expected \(reason)"]
    case .forwarded(let payload, let recipients):
      guard !outcome.deliveries.isEmpty else {
        return ["was dropped as \(outcome.reason ?? "something"), expected to be forwarded"]
      }
      var problems: [String] = []
      for delivery in outcome.deliveries where delivery.payload != payload {
        problems.append("the payload is \(Self.text(delivery.payload)), expected \(Self.text(payload))")
      }
      return problems + self.problems(of: recipients, in: outcome.deliveries.map(\.endpoint))
    }
  }

  private func problems(of recipients: Recipients, in found: [SocketAddress?]) -> [String] {
    let found = found.map { $0?.description ?? "the client" }.sorted()
    let expected: [String]
    switch recipients {
    case .client: expected = ["the client"]
    case .everyEndpoint: expected = endpoints.map(\.address.description).sorted()
    case .exactly(let addresses): expected = addresses.map(\.description).sorted()
    case .oneOf(let addresses):
      let isRight = found.count == 1 && addresses.contains { $0.description == found[0] }
      return isRight ? [] : ["went to \(found), expected one of \(addresses)"]
    }
    return found == expected ? [] : ["went to \(found), expected \(expected)"]
  }

  private static func text(_ payload: [UInt8]) -> String {
    let start = payload.prefix(40).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return "\(payload.count) bytes \(start)\(payload.count > 40 ? "…" : "")"
  }

  private static func text(_ counters: [String: [String: UInt64]]) -> String {
    let parts = counters.sorted { $0.key < $1.key }.map { filter, reasons in
      "\(filter): " + reasons.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
    return parts.isEmpty ? "none" : parts.joined(separator: "; ")
  }
}

extension ConformanceCase {
  /// What is wrong with the messages that the configuration of the case gave.
  public func problems(in report: DiagnosticReport) -> [String] {
    let found = { (severity: Diagnostic.Severity) in
      report.diagnostics.filter { $0.severity == severity }.map { diagnostic in
        let line = diagnostic.mark.line - filtersMark.line + 1
        let column = diagnostic.mark.column - filtersMark.column + 1
        return "\(line):\(column): \(diagnostic.message)"
      }
    }
    var problems: [String] = []
    if found(.error) != errors { problems.append("errors are \(found(.error)), expected \(errors)") }
    if found(.warning) != warnings { problems.append("warnings are \(found(.warning)), expected \(warnings)") }
    return problems
  }
}
