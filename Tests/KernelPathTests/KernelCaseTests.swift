import CDataPath
import Conformance
import FilterKit
import Testing

@testable import KernelPath

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

  /// What runs where the kernel refuses a specialised program: one case of each filter.
  @Test(
    arguments: Dictionary(cases.map { ($0.folder, $0) }, uniquingKeysWith: { $1 }).values.sorted {
      $0.folder < $1.folder
    })
  func genericProgramAgrees(_ test: ConformanceCase) throws {
    let problems = test.problems(in: try KernelEngine(specialising: false).run(test))
    #expect(problems.isEmpty, "\(test.folder)/cases.yaml:\(test.line): \(problems.joined(separator: "\n"))")
  }

  @Test func mostCasesOfKernelFiltersAreAmongThem() {
    #expect(Self.cases.count >= 60)
    #expect(
      Set(Self.cases.map(\.folder)).isSuperset(of: [
        "Capture", "Match", "TokenRouter", "HashedTokenRouter", "PacketSize", "Drop", "Pass",
      ]))
  }

  @Test func specialisedProgramIsSmallAndHasNoFarJumps() throws {
    let generic = try KernelProgram(image(), specialising: false)
    let specialised = try KernelProgram(image())
    #expect(specialised.specialisationRefusal == nil)
    // Far jumps are for more than 32,767 instructions.
    #expect(specialised.instructionCount < generic.instructionCount / 4)
  }

  @Test func genericProgramIsLoadedWhereTheSpecialisedOneIsRefused() throws {
    let program = try KernelProgram(
      image(), KernelProgram.Sizes(),
      specialise: { words, facts in
        // It begins with a read of a register that has no value.
        var refused = ProgramSpecialiser.specialise(words, facts)!
        refused.words.insert(Assembly.copy(6, from: 9)[0], at: 0)
        refused.origins.insert(refused.origins[0], at: 0)
        return refused
      })
    guard case .notVerified(let line, _) = program.specialisationRefusal else {
      Issue.record("not refused: \(String(describing: program.specialisationRefusal))")
      return
    }
    #expect(line.contains("R9 !read_ok"))
    let frame = Frame(from: SocketAddress(IPAddress(v4: 1), port: 1), to: SocketAddress(IPAddress(v4: 2), port: 2), [1])
    #expect(try program.run(frame.bytes).action == 2)
  }
}
