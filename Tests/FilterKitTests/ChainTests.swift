import FilterKit
import Testing

@Suite struct ChainTests {
  private struct Nothing: Filter {
    static let name = "Nothing"
    init(options: inout Options, context: inout FilterContext) {}
  }

  /// Drops are counted by label, so no two filters may share one.
  @Test(
    arguments: [
      ([nil], ["Nothing"]), ([nil, nil, nil], ["Nothing", "Nothing#2", "Nothing#3"]),
      (["a", "a", nil], ["a", "a#2", "Nothing"]), (["Nothing", nil], ["Nothing", "Nothing#2"]),
      (["a#2", "a", "a", "a"], ["a#2", "a", "a#3", "a#4"]), (["a", "a", "a#2"], ["a", "a#2", "a#2#2"]),
    ] as [([String?], [String])])
  func labelsAreUnique(written: [String?], given: [String]) {
    #expect(Chain(written.map { (Nothing.self, $0) }).nodes.map(\.label) == given)
  }
}
