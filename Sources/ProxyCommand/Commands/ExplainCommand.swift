import ArgumentParser
import FilterKit
import Operations
import ProxyConfiguration

/// `proxy explain`: says which path each filter runs on, and why.
struct ExplainCommand: ProxySubcommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say for every filter whether the kernel runs it, and why not.",
    discussion: """
      The answer follows from the configuration alone. What an interface can do shows when 'proxy ebpf' starts.

      EXAMPLE:
        $ proxy explain --config edge.yaml
        read   token     kernel   1 slot
        read   router    kernel   1 slot
        chain: kernel, 2 of 16 slots on read, 0 on write
      """)

  @OptionGroup var config: ConfigOption

  func run(with runner: CommandRunner) async throws(UsageError) -> ExitStatus {
    let file = try config.path(runner.environment)
    do throws(ConfigurationError) {
      let configuration = try ConfigurationFile.load(file, registry: runner.filters, metrics: Metrics())
      for line in configuration.warnings.lines(in: file) { StandardError.write(line + "\n") }
      print(Self.text(of: ChainPlan(configuration.chain)))
      return .stoppedAsAsked
    } catch {
      for line in error.lines { StandardError.write(line + "\n") }
      return .badConfiguration
    }
  }

  private static func text(of plan: ChainPlan) -> String {
    let width = plan.steps.map(\.label.count).max() ?? 0
    var lines = plan.steps.map { step in
      let label = step.label + String(repeating: " ", count: width - step.label.count)
      let direction = step.direction == .read ? "read " : "write"
      if let refusal = step.refusal { return "\(direction)  \(label)  sockets  because \(refusal)" }
      return "\(direction)  \(label)  kernel   \(step.slots == 0 ? "nothing to do" : count(step.slots, "slot"))"
    }
    if let refusal = plan.refusal {
      lines.append("chain: sockets, because \(refusal)")
    } else {
      lines.append(
        "chain: kernel, \(plan.read?.count ?? 0) of \(ChainPlan.slotCapacity) slots on read, "
          + "\(plan.write?.count ?? 0) on write")
    }
    return lines.joined(separator: "\n")
  }
}
