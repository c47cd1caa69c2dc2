import FilterKit
import Testing

@Suite struct SpellingTests {
  private let names = ["Capture", "Compress", "Concatenate", "Debug", "Drop", "TokenRouter", "HashedTokenRouter"]

  @Test(arguments: [
    ("Captrue", "Capture"), ("capture", "Capture"), ("Caputre", "Capture"), ("Droop", "Drop"), ("rop", "Drop"),
    ("TokenRoute", "TokenRouter"), ("token_router", "TokenRouter"), ("Debgu", "Debug"),
  ])
  func findsTheNearest(name: String, meant: String) {
    #expect(Spelling.nearest(to: name, among: names) == meant)
  }

  @Test(arguments: ["", "x", "Pass", "Firewall", "Dr", String(repeating: "Capture", count: 1000)])
  func findsNothingFar(name: String) {
    #expect(Spelling.nearest(to: name, among: names) == nil)
  }
}
