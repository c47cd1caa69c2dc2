import FilterKit
import TestNetwork

/// One datagram of a player, and what should become of it.
struct Step {
  enum Expectation {
    case answer(String, server: String)
    case drop(filter: String, DropReason)
  }

  /// The number of the player.
  let client: Int
  private let payload: String
  private let token: String
  private let version: UInt8
  private let expectation: Expectation

  init(client: Int, _ payload: String, token: String, version: UInt8, expect expectation: Expectation) {
    self.client = client
    self.payload = payload
    self.token = token
    self.version = version
    self.expectation = expectation
  }

  func run(by client: Client, through proxy: ProxyProcess) throws -> Outcome {
    let before = try dropCount(proxy)
    try client.send(payload, token: token, version: version, to: proxy.address)
    let sent = "\(client.name.padded(to: 5)) sends \("\"\(payload)\" | \(token) | \(version)".padded(to: 34))"
    switch expectation {
    case .answer(let text, let server):
      let answer = try client.socket.receive(within: .seconds(3))
      let isExpected = answer.map { $0.bytes == Array(text.utf8) && $0.source == proxy.address } ?? false
      let shown = answer.map { "\"\(String(decoding: $0.bytes, as: UTF8.self))\"" } ?? "nothing"
      return Outcome(isExpected, "\(sent) → \(server) answers \(shown)")
    case .drop(let filter, let reason):
      let isCounted = try eventually(within: .seconds(3)) { try dropCount(proxy) == before + 1 }
      let answer = try client.socket.receiveNow()
      let why = isCounted ? "dropped by \(filter): \(reason.meaning) (\(reason))" : "not counted as \(reason)"
      return Outcome(
        isCounted && answer == nil, "\(sent) → \(answer == nil ? why : "answered, and should not be")")
    }
  }

  private func dropCount(_ proxy: ProxyProcess) throws -> Int {
    guard case .drop(let filter, let reason) = expectation else { return 0 }
    return try proxy.drops(by: filter, reason)
  }
}
