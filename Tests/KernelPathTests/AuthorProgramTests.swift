import AuthorFilters
import CDataPath
import FilterKit
import FilterTesting
import Filters
import KernelPath
import ProxyConfiguration
import Testing

/// Packet programs that come from another target than ours.
@Suite struct AuthorProgramTests {
  private static let peel = "{name: Peel, config: {size: 16}}"

  @Test(.requiresPrograms, arguments: TrialBench.ways) func anAuthorsProgramForwards(_ way: TrialBench.Way) throws {
    let bench = try TrialBench("[\(Self.peel), {name: TokenRouter}]", registry: .authors)
    let rest = TrialBench.bytes(31)
    let comes = way.direction == .read ? TrialBench.token + rest : rest + TrialBench.token
    try bench.check("with a token", way.comes(comes).bytes, .sent(way.leaves(rest)))
    try bench.check(
      "too short", way.comes([1, 2, 3]).bytes,
      .dropped(way.direction == .read ? .captureNoValue : .packetSize, filter: 0))
  }

  @Test(.requiresPrograms) func aRefusalOfTheKernelNamesTheLineOfTheProgram() throws {
    let error = try #require(throws: KernelPathError.self) { try TrialBench("[{name: Stray}]", registry: .authors) }
    #expect("\(error)".hasPrefix("the kernel refused the program at StrayProgram.swift:12: "), "\(error)")
  }

  @Test func aProgramThatWasNotCompiledIsLeftToTheSockets() throws {
    let plan = ChainPlan(try Chain(filters: [Self.peel], registry: .builtin.adding(Peel.self)))
    let reason = try #require(plan.refusal).reason
    #expect(reason.contains("filter 'Peel' runs on sockets only: its packet program 'PeelProgram' was not compiled"))
    #expect(reason.contains("add the plugin CompilePacketPrograms to its target"))
    #expect(!plan.isForKernel)
  }

  @Test func whatTheBuildCouldNotDoIsTheReason() throws {
    let program = ProgramObject(obstacle: "the toolchain has no clang")
    let plan = ChainPlan(
      try Chain(filters: [Self.peel, "{name: Drop}"], registry: .builtin.adding(Peel.self, program: program)))
    #expect(plan.refusal == KernelRefusal("the toolchain has no clang"))
    #expect(plan.steps.count == 4 && plan.steps.allSatisfy { $0.refusal == plan.refusal })
    #expect(!plan.isForKernel)
    #expect(throws: KernelPathError.chain(KernelRefusal("the toolchain has no clang"))) {
      _ = try KernelProgram(.init(), in: program)
    }
  }
}
