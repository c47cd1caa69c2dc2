import Conformance
import FilterKit
import Filters
import Testing

/// Every case of `filters/*/cases.yaml`, through the filters alone.
@Suite struct CaseTests {
  @Test(arguments: try ConformanceCase.all())
  func packetsOneByOne(_ test: ConformanceCase) throws {
    try check(test, .single)
  }

  @Test(arguments: try ConformanceCase.all())
  func packetsInBatches(_ test: ConformanceCase) throws {
    try check(test, .full)
  }

  private func check(_ test: ConformanceCase, _ batching: FilterEngine.Batching) throws {
    let engine = FilterEngine(registry: .builtin, batching: batching)
    var problems = test.problems(in: engine.diagnose(test))
    if test.errors.isEmpty, problems.isEmpty { problems = test.problems(in: try engine.run(test)) }
    #expect(problems.isEmpty, "\(test.folder)/cases.yaml:\(test.line): \(problems.joined(separator: "\n"))")
  }

  @Test func everyFilterHasCases() throws {
    #expect(Set(ConformanceCase.folders()) == Set(FilterRegistry.builtin.names))
    for folder in ConformanceCase.folders() {
      let cases = try ConformanceCase.read(folder: folder)
      #expect(!cases.isEmpty, "\(folder) has no case")
      #expect(Set(cases.map(\.name)).count == cases.count, "two cases of \(folder) have one name")
    }
  }
}
