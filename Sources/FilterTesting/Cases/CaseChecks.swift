package import FilterKit

extension FilterCase {
  /// What differs between what must be and what was, one line each. Empty where the case passed.
  package func problems(in result: CaseResult) -> [String] {
    var problems: [String] = []
    var outcomes = result.outcomes[...]
    for step in steps {
      for time in 1...step.times {
        guard let outcome = outcomes.popFirst() else { return problems + ["line \(step.line): no outcome"] }
        let place = "line \(step.line)" + (step.times > 1 ? ", time \(time)" : "")
        let found = self.problems(of: step, in: outcome) + self.problems(with: step.metadata, in: outcome)
        problems += found.map { "\(place): \($0)" }
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

  private func problems(of step: Step, in outcome: PacketOutcome) -> [String] {
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
        problems.append("the payload is \(Payload(delivery.payload)), expected \(Payload(payload))")
      }
      return problems + self.problems(of: recipients, in: outcome.deliveries.map(\.endpoint))
    }
  }

  private func problems(with expected: [String: MetadataValue], in outcome: PacketOutcome) -> [String] {
    guard let metadata = outcome.metadata else { return [] }
    return expected.sorted { $0.key < $1.key }.filter { metadata[$0.key] != $0.value }.map { key, value in
      "metadata '\(key)' is \(metadata[key].map(\.description) ?? "not there"), expected \(value)"
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

  private static func text(_ counters: [String: [String: UInt64]]) -> String {
    let parts = counters.sorted { $0.key < $1.key }.map { filter, reasons in
      "\(filter): " + reasons.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
    return parts.isEmpty ? "none" : parts.joined(separator: "; ")
  }
}

extension FilterCase {
  /// What is wrong with the messages that the configuration of the case gave.
  package func problems(in report: DiagnosticReport) -> [String] {
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
