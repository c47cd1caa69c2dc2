import CDataPath
import FilterKit
import FilterTesting
import Filters
import Testing

@testable import KernelPath

/// The cases of the filters that the kernel runs, through the program in the kernel.
@Suite(.requiresPrograms) struct KernelCaseTests {
  /// Where a datagram is larger than a frame, it reaches the program in fragments, which it leaves alone.
  static let cases = try! FilterCases(at: "../../filters", filters: .builtin).filter(KernelEngine.runs)

  @Test(arguments: cases) func programAgrees(_ test: FilterCase) throws {
    let problems = test.problems(in: try KernelEngine().run(test))
    #expect(problems.isEmpty, "\(test.place): \(problems.joined(separator: "\n"))")
  }

  @Test func mostCasesOfKernelFiltersAreAmongThem() {
    #expect(Self.cases.count >= 120)
    #expect(
      Set(Self.cases.map(\.folder)).isSuperset(of: [
        "Capture", "Concatenate", "Drop", "Firewall", "HashedTokenRouter", "LoadBalancer", "LocalRateLimit", "Match",
        "PacketSize", "Pass", "Timestamp", "TokenRouter",
      ]))
  }

  @Test func whatIsLoadedIsSmall() throws {
    // Branches of 16 bits reach everywhere in it: kernels before 6.6 have no others.
    // None would be a program that was not specialised.
    #expect((1..<32_768 / 4).contains(try KernelProgram(image(), in: FilterRegistry.builtin.program).instructionCount))
  }
}
