import FilterKit
import FilterTesting
import Filters
import Testing

/// Every case of `filters/*/cases.yaml`, through the filters alone.
@Suite struct CaseTests {
  static let cases = try! FilterCases(at: "../../filters", filters: .builtin)

  @Test(arguments: cases)
  func packetsOneByOne(_ test: FilterCase) throws {
    try check(test, .single)
  }

  @Test(arguments: cases)
  func packetsInBatches(_ test: FilterCase) throws {
    try check(test, .full)
  }

  private func check(_ test: FilterCase, _ batching: FilterEngine.Batching) throws {
    var problems = test.problems(in: FilterEngine.diagnose(test))
    if test.errors.isEmpty, problems.isEmpty { problems = test.problems(in: try FilterEngine(batching).run(test)) }
    #expect(problems.isEmpty, "\(test.place): \(problems.joined(separator: "\n"))")
  }

  @Test func everyFilterHasCases() {
    let folders = Dictionary(grouping: Self.cases, by: \.folder)
    #expect(Set(folders.keys) == Set(FilterRegistry.builtin.names))
    for (folder, cases) in folders {
      #expect(Set(cases.map(\.name)).count == cases.count, "two cases of \(folder) have one name")
    }
  }
}
