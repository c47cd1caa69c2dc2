import FilterKit
import Testing

@testable import KernelPath

@Suite struct EndpointNumbersTests {
  private let a = SocketAddress(literalText: "192.0.2.1:1")
  private let b = SocketAddress(literalText: "192.0.2.1:2")
  private let c = SocketAddress(literalText: "192.0.2.1:3")
  private let d = SocketAddress(literalText: "192.0.2.1:4")

  @Test func aNumberIsFreeWithTheLastSessionOfAnEndpointThatLeft() {
    var numbers = EndpointNumbers()
    let isReused1 = numbers.configure([a, b])
    #expect(!isReused1)
    #expect([numbers[a], numbers[b], numbers[c]] == [0, 1, nil])
    numbers.sessionBegan(with: a)
    numbers.sessionBegan(with: a)
    // It has left, and its sessions go on under its number.
    let isReused2 = numbers.configure([b, c])
    #expect(!isReused2)
    #expect([numbers[a], numbers[b], numbers[c]] == [0, 1, 2])
    numbers.sessionEnded(with: a)
    let isReused3 = numbers.configure([b, c, d])
    #expect(!isReused3)
    #expect([numbers[a], numbers[d]] == [0, 3])
    numbers.sessionEnded(with: a)
    #expect(numbers[a] == nil)
    // Not those of endpoints that are still there.
    numbers.sessionBegan(with: b)
    numbers.sessionEnded(with: b)
    let isReused4 = numbers.configure([b, c, d, a])
    #expect(isReused4)
    #expect([numbers[a], numbers[b], numbers[c], numbers[d]] == [0, 1, 2, 3])
  }

  @Test func aNumberThatLeavesIsNotGivenAwayAtOnce() {
    var numbers = EndpointNumbers()
    _ = numbers.configure([a])
    // Packets may be on their way to the one, while the other comes.
    let isReused5 = numbers.configure([b])
    #expect(!isReused5)
    #expect([numbers[a], numbers[b]] == [nil, 1])
    let isReused6 = numbers.configure([b, c])
    #expect(isReused6)
    #expect(numbers[c] == 0)
  }
}

extension SocketAddress {
  fileprivate init(literalText: String) { self = try! SocketAddress(literalText) }
}
