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
  @Flag(help: "Say it in JSON, for machines.") var json = false

  func run(with runner: CommandRunner) async throws(UsageError) -> ExitStatus {
    let file = try config.path(runner.environment)
    do throws(ConfigurationError) {
      let configuration = try ConfigurationFile.load(file, registry: runner.filters, metrics: Metrics())
      for line in configuration.warnings.lines(in: file) { StandardError.write(line + "\n") }
      let plan = ChainPlan(configuration.chain)
      print(json ? Self.json(of: plan).text : Self.text(of: plan))
      return .stoppedAsAsked
    } catch {
      for line in error.lines { StandardError.write(line + "\n") }
      return .badConfiguration
    }
  }

  private static func text(of plan: ChainPlan) -> String {
    let width = plan.steps.map(\.label.count).max() ?? 0
    var lines: [String] = []
    for direction in Direction.allCases {
      let half = direction == .read ? plan.read : plan.write
      var isBehindSockets = false
      for step in plan.steps where step.direction == direction {
        let label = step.label + String(repeating: " ", count: width - step.label.count)
        lines.append(
          "\(direction == .read ? "read " : "write")  \(label)  \(Self.text(of: step, half, isBehindSockets))")
        lines += step.branchesOnSockets.map {
          "       \($0.label): its packets go to the sockets, because \($0.refusal)"
        }
        if step.refusal != nil { isBehindSockets = true }
      }
    }
    lines.append(Self.summary(of: plan))
    return lines.joined(separator: "\n")
  }

  private static func text(of step: ChainPlan.Step, _ half: ChainPlan.Half, _ isBehindSockets: Bool) -> String {
    if let refusal = step.refusal { return "sockets  because \(refusal)" }
    if isBehindSockets { return "sockets  because a filter before it runs there" }
    if !half.isWhole, !half.dropsEarly { return "sockets  because a filter behind it runs there" }
    let slots = step.slots == 0 ? "nothing to do" : count(step.slots, "slot")
    return "kernel   \(slots)\(half.isWhole ? "" : ", drops early; the sockets run it again")"
  }

  private static func summary(of plan: ChainPlan) -> String {
    if plan.refusal == nil {
      return "chain: kernel, \(plan.read.slots.count) of \(ChainPlan.slotCapacity) slots on read, "
        + "\(plan.write.slots.count) on write"
    }
    if !plan.isForKernel { return "chain: sockets, because \(plan.refusal!)" }
    return Direction.allCases.map { direction in
      let half = direction == .read ? plan.read : plan.write
      guard let refusal = half.refusal else {
        return "\(direction): kernel, \(half.slots.count) of \(ChainPlan.slotCapacity) slots"
      }
      let early = half.dropsEarly ? "; the kernel drops early, with \(half.slots.count) slots" : ""
      return "\(direction): sockets, because \(refusal)\(early)"
    }.joined(separator: "\n")
  }

  // MARK: JSON

  private static func json(of plan: ChainPlan) -> JSONValue {
    .object(
      Direction.allCases.map { direction in
        let half = direction == .read ? plan.read : plan.write
        let steps = plan.steps.filter { $0.direction == direction }
        return (
          "\(direction)",
          [
            "path": .string(half.isWhole ? "kernel" : "sockets"), "dropsEarly": .bool(half.dropsEarly),
            "slots": .number(half.slots.count), "slotCapacity": .number(ChainPlan.slotCapacity),
            "reason": half.refusal.map { .string($0.reason) } ?? .null, "filters": .array(steps.map(json)),
          ]
        )
      })
  }

  private static func json(of step: ChainPlan.Step) -> JSONValue {
    [
      "label": .string(step.label), "isForKernel": .bool(step.refusal == nil), "slots": .number(step.slots),
      "reason": step.refusal.map { .string($0.reason) } ?? .null,
      "branchesOnSockets": .array(
        step.branchesOnSockets.map { ["label": .string($0.label), "reason": .string($0.refusal.reason)] }),
    ]
  }
}
