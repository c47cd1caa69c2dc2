import Conformance
import FilterKit
import Testing

/// The cases of the filters that the kernel runs, through the program in the kernel.
@Suite(.requiresPrograms) struct KernelCaseTests {
  /// Where a datagram is larger than a frame, it reaches the program in fragments, which it leaves alone.
  static let cases = try! ConformanceCase.all().filter { test in
    test.steps.allSatisfy { $0.payload.count <= 3_000 }
      && KernelEngine.plan(test, Metrics())?.isForKernel == true && !test.steps.isEmpty
  }

  @Test(arguments: cases) func programAgrees(_ test: ConformanceCase) throws {
    let problems = test.problems(in: try KernelEngine().run(test))
    #expect(problems.isEmpty, "\(test.folder)/cases.yaml:\(test.line): \(problems.joined(separator: "\n"))")
  }

  @Test func mostCasesOfKernelFiltersAreAmongThem() {
    #expect(Self.cases.count >= 60)
    #expect(
      Set(Self.cases.map(\.folder)).isSuperset(of: [
        "Capture", "Match", "TokenRouter", "HashedTokenRouter", "PacketSize", "Drop", "Pass",
      ]))
  }
}
