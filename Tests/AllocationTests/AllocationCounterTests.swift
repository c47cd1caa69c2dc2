import TestNetwork
import Testing

/// The counter counts right: what a program does in its loop is the difference between a long and a short run.
@Suite struct AllocationCounterTests {
  @Test func `objects, retains and nothing are counted to the last one`() throws {
    let counter = try AllocationCounter()
    let sample = try counter.buildSample()
    func difference(_ work: String) throws -> AllocationCounts {
      let counts = try [1_000, 3_000].map { count in
        let process = try ChildProcess(sample, [work, "\(count)"], environment: counter.environment)
        try #require(try process.awaitExit() == .exited(0))
        return try counter.counts()
      }
      return counts[1] - counts[0]
    }

    let allocating = try difference("allocate")
    #expect(allocating.objects == 2_000)
    #expect(allocating.allocations == 2_000)
    #expect(allocating.frees == 2_000)
    // An object begins with one reference, and ends.
    #expect(allocating.releases - allocating.retains == 2_000)

    #expect(try difference("retain") == AllocationCounts(retains: 2_000, releases: 2_000))
    #expect(try difference("nothing") == AllocationCounts())
  }
}
