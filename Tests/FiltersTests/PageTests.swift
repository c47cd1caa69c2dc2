import FilterKit
import Filters
import Testing

/// The pages of the filters say what is true.
@Suite struct PageTests {
  @Test(arguments: FilterRegistry.builtin.names)
  func theExampleLoads(_ folder: String) throws {
    let page = try FilterPage(folder: folder)
    let example = try #require(try page.example(), "\(folder)/README.md has no example")
    guard case .mapping(let entries) = example.content,
      case .sequence(let filters)? = entries.first(where: { $0.key == "filters" })?.value.content
    else {
      Issue.record("the example of \(folder) has no list of filters")
      return
    }
    let diagnostics = Diagnostics()
    _ = Chain.read(filters, registry: .builtin, metrics: Metrics(), diagnostics: diagnostics)
    #expect(diagnostics.report.lines(in: "\(folder)/README.md") == [])
  }

  @Test(arguments: FilterRegistry.builtin.names)
  func theNamesAreThere(_ folder: String) throws {
    let page = try FilterPage(folder: folder)
    let filter = try #require(FilterRegistry.builtin[folder])
    #expect(page.text.hasPrefix("# \(filter.name)\n"))
    for alias in filter.aliases { #expect(page.text.contains("`\(alias)`")) }
  }
}
