import FilterKit
import Glibc
import Testing

/// Random chains and random packets: nobody can tell the paths apart.
///
/// Chain number n of a run has the seed `DIFFERENTIAL_SEED` + n, so the seed that a failure names brings it about again alone.
/// `DIFFERENTIAL_CHAINS` and `DIFFERENTIAL_PACKETS` (of each chain) make a run longer:
///
///     DIFFERENTIAL_SEED=1000 DIFFERENTIAL_CHAINS=10000 DIFFERENTIAL_PACKETS=1000 swift test --filter Differential
@Suite(.requiresPrograms) struct DifferentialTests {
  private static func setting(_ name: String, default value: Int) -> Int {
    getenv("DIFFERENTIAL_\(name)").flatMap { Int(String(cString: $0)) } ?? value
  }

  @Test func pathsAgree() throws {
    let first = Self.setting("SEED", default: 1)
    let chains = Self.setting("CHAINS", default: 60)
    let packets = Self.setting("PACKETS", default: 200)
    var tally = DifferentialRun.Tally()
    var failures = 0
    for number in 0..<chains where failures < 5 {
      let seed = UInt64(first + number)
      let test = Self.test(seed, packets: packets, &tally)
      guard let test, let run = DifferentialRun(test, &tally) else { continue }
      tally.chains += 1
      let problems = try run.run(&tally)
      if !problems.isEmpty {
        failures += 1
        Self.report(test, seed, problems)
      }
      if (number + 1) % 1_000 == 0 { Self.show(tally) }
    }
    Self.show(tally)
    // Nothing would be tested otherwise.
    #expect(tally.chains * 2 > chains)
    #expect(tally.sent * 10 > tally.packets && tally.dropped > 0 && tally.handedOver > 0 || chains < 50)
  }

  /// The first chain of a seed that the kernel runs, with its packets.
  private static func test(_ seed: UInt64, packets: Int, _ tally: inout DifferentialRun.Tally) -> RandomCase? {
    var generator = ChainGenerator(random: SeededGenerator(seed: seed), hasState: true, preferring: FilterRow.runnable)
    for _ in 0..<200 {
      var test = RandomCase(&generator)
      guard DifferentialRun(test, &tally) != nil else { continue }
      test.fill(packets, &generator)
      return test
    }
    return nil
  }

  private static func report(_ test: RandomCase, _ seed: UInt64, _ problems: [String]) {
    let smallest = test.shrunk { candidate in
      var tally = DifferentialRun.Tally()
      guard let run = DifferentialRun(candidate, &tally) else { return false }
      return (try? run.run(&tally))?.isEmpty == false
    }
    var tally = DifferentialRun.Tally()
    let left = (try? DifferentialRun(smallest, &tally)?.run(&tally)) ?? []
    Issue.record(
      """
      seed \(seed): \(problems.joined(separator: "\n"))
      at its smallest: \(left.joined(separator: "\n"))
      \(smallest.text(name: "the paths differ (seed \(seed))"))
      """)
  }

  private static func show(_ tally: DifferentialRun.Tally) {
    guard getenv("DIFFERENTIAL_CHAINS") != nil else { return }
    print(
      "\(tally.chains) chains, \(tally.packets) packets: \(tally.sent) sent, \(tally.dropped) dropped, "
        + "\(tally.handedOver) handed over")
    for (reason, count) in tally.refused.sorted(by: { $0.value > $1.value }) { print("  \(count) chains: \(reason)") }
    fflush(nil)
  }
}
