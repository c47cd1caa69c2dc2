import BPFInterpreter
import Glibc
import KernelPath

/// The table of all chains, and that of growth.
struct CostReport {
  /// Where the compiled programs are.
  let directory: String
  let rounds: Int
  let loads: Int
  /// The names of the chains to measure; empty for all.
  let chosen: Set<String>

  func run() throws {
    try reportSteps()
    if rounds == 0 { return }
    print(
      "medians of \(loads) loads with \(rounds) runs each; in brackets the lowest and the highest ratio of a load\n")
    print(
      "\(padded: "chain", -34)\(padded: "hand, ns", 10)\(padded: "ours, ns", 10)\(padded: "ratio", 20)"
        + "\(padded: "hot hand", 10)\(padded: "hot ours", 10)\(padded: "ratio", 20)\(padded: "size", 6)\(padded: "verified", 10)"
    )
    for chain in BenchmarkChain.all where isChosen(chain.name) { try report(chain) }
    guard isChosen("growth") else { return }
    print("\nthe game's chain, another client with another token in each run")
    print("\(padded: "tokens, sessions", -34)\(padded: "hand, ns", 10)\(padded: "ours, ns", 10)\(padded: "ratio", 10)")
    for count in [1_000, 100_000, 1_000_000] {
      let (hand, ours) = try GrowthMeasurement(count, directory).measure(rounds: rounds * loads)
      print(
        "\(padded: "\(count)", -34)\(padded: "\(hand)", 10)\(padded: "\(ours)", 10)\(padded: "\(Double(ours) / Double(hand), digits: 3)", 10)"
      )
      fflush(nil)
    }
  }

  private func isChosen(_ name: String) -> Bool { chosen.isEmpty || chosen.contains(name) }

  /// What does not depend on how busy the machine is.
  private func reportSteps() throws {
    print(
      "\(padded: "chain", -34)\(padded: "hand: steps", 12)\(padded: "jumps", 6)\(padded: "stack", 6)"
        + "\(padded: "ours: steps", 13)\(padded: "jumps", 6)\(padded: "stack", 6)\(padded: "ratio", 7)")
    for chain in BenchmarkChain.all where isChosen(chain.name) {
      let (hand, ours) = try ChainMeasurement(chain, directory).count()
      print(
        "\(padded: chain.title, -34)\(padded: "\(hand.steps)", 12)\(padded: "\(hand.jumps)", 6)"
          + "\(padded: "\(hand.stackAccesses)", 6)\(padded: "\(ours.steps)", 13)\(padded: "\(ours.jumps)", 6)"
          + "\(padded: "\(ours.stackAccesses)", 6)\(padded: "\(Double(ours.steps) / Double(hand.steps), digits: 3)", 7)"
      )
    }
    print()
  }

  private func report(_ chain: BenchmarkChain) throws {
    var all: [ChainMeasurement.Figures] = []
    var size = (verified: 0, instructions: 0)
    for _ in 0..<loads {
      let measurement = try ChainMeasurement(chain, directory)
      all.append(try measurement.measure(rounds: rounds))
      size = LoadedProgram.size(of: measurement.ours.descriptor)
    }
    let ratio = ratios(all.map { Double($0.ours) / Double($0.hand) })
    let hotRatio = ratios(all.map { Double($0.hotOurs) / Double($0.hotHand) })
    print(
      "\(padded: chain.title, -34)\(padded: "\(all.map(\.hand).median)", 10)\(padded: "\(all.map(\.ours).median)", 10)"
        + "\(padded: ratio, 20)\(padded: "\(all.map(\.hotHand).median)", 10)\(padded: "\(all.map(\.hotOurs).median)", 10)"
        + "\(padded: hotRatio, 20)\(padded: "\(size.instructions)", 6)\(padded: "\(size.verified)", 10)")
    fflush(nil)
  }

  private func ratios(_ ratios: [Double]) -> String {
    "\(ratios.median, digits: 3) (\(ratios.min()!, digits: 2)-\(ratios.max()!, digits: 2))"
  }
}

extension DefaultStringInterpolation {
  /// Text in a column: to the right, or to the left where the width is negative.
  mutating func appendInterpolation(padded text: String, _ width: Int) {
    let space = String(repeating: " ", count: max(1, abs(width) - text.utf8.count))
    appendLiteral(width > 0 ? space + text : text + space)
  }

  mutating func appendInterpolation(_ value: Double, digits: Int) {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let whole = Int((value * scale).rounded())
    let rest = "\(whole % Int(scale))"
    appendLiteral("\(whole / Int(scale)).\(String(repeating: "0", count: digits - rest.count))\(rest)")
  }
}
