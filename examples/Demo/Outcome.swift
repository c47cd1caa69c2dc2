/// A line about what happened, and whether it should have.
struct Outcome {
  let text: String
  let isExpected: Bool

  init(_ isExpected: Bool, _ text: String) {
    self.text = "  \(isExpected ? "✓" : "✗") \(text)"
    self.isExpected = isExpected
  }
}
