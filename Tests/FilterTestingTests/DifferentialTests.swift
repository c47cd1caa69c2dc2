import FilterKit
import FilterTesting
import Filters
import Testing

/// Random chains of the builtin filters, and random packets.
@Suite struct DifferentialTests {
  @Test func pathsAgree() throws {
    guard let tally = try Differential(filters: .builtin, packets: 12_000).run() else { return }
    // Nothing would be tested otherwise.
    #expect(tally.sent * 10 > tally.packets && tally.dropped > 0 && tally.handedOver > 0 || tally.chains < 50)
  }
}
