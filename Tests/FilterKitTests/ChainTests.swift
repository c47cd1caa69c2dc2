import FilterKit
import Testing

@Suite struct ChainTests {
  private struct Nothing: Filter {
    static let name = "Nothing"
    init(options: inout Options, context: inout FilterContext) {}
  }

  private static func labels(_ labels: [String?]) -> [String] {
    let entry = { (key: String, value: String) in
      ConfigurationNode.Entry(key: key, keyMark: .start, value: ConfigurationNode(.quoted(value), at: .start))
    }
    let filters = labels.map { label in
      ConfigurationNode(
        .mapping([entry("name", Nothing.name)] + (label.map { [entry("label", $0)] } ?? [])), at: .start)
    }
    return Chain.read(
      filters, registry: FilterRegistry([Nothing.self]), metrics: Metrics(), diagnostics: Diagnostics()
    ).nodes.map(\.label)
  }

  /// Drops are counted by label, so no two filters may share one.
  @Test(
    arguments: [
      ([nil], ["Nothing"]), ([nil, nil, nil], ["Nothing", "Nothing#2", "Nothing#3"]),
      (["a", "a", nil], ["a", "a#2", "Nothing"]), (["Nothing", nil], ["Nothing", "Nothing#2"]),
      (["a#2", "a", "a", "a"], ["a#2", "a", "a#3", "a#4"]), (["a", "a", "a#2"], ["a", "a#2", "a#2#2"]),
    ] as [([String?], [String])])
  func labelsAreUnique(written: [String?], given: [String]) {
    #expect(Self.labels(written) == given)
  }
}
