import Testing

@testable import Operations

@Suite struct DurationTextTests {
  @Test(
    "Durations are read and printed alike",
    arguments: [
      ("250ms", Duration.milliseconds(250)), ("5s", .seconds(5)), ("2m", .seconds(120)), ("1h", .seconds(3600)),
      ("0s", .zero), ("90s", .seconds(90)), ("1500ms", .milliseconds(1500)),
    ])
  func roundTrip(text: String, duration: Duration) throws {
    #expect(try DurationText.read(text, from: .zero) == duration)
    #expect(DurationText.text(of: duration) == text)
  }

  @Test(
    "What is no duration is refused",
    arguments: ["", "5", "s", "5 s", "-5s", "+5s", "5S", "5sec", "1.5s", "1000001s", "99999999999999999999s", "٥s"])
  func refused(text: String) {
    #expect {
      try DurationText.read(text, from: .zero)
    } throws: {
      "\($0)" == "expected a number with its unit, such as 250ms, 5s or 2m"
    }
  }

  @Test("A duration must be as long as is asked for")
  func least() {
    #expect(throws: DurationText.Failure.self) { try DurationText.read("0s", from: .milliseconds(1)) }
  }
}
