import FilterKit
import Synchronization
import Testing

@Suite struct DebugTests {
  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  private func logged(
    _ config: ConfigurationNode = ["id": "first"], _ direction: Direction = .read, _ payload: [UInt8],
    behind: [ConfigurationNode] = [], endpoints: [RoutingTable.Endpoint] = []
  ) throws -> [String] {
    let lines = Lines()
    let fixture = try Fixture(
      behind + [["name": "Debug", "config": config]], endpoints: endpoints, log: { lines.add($0) })
    _ = fixture.run(direction, payload)
    #expect(fixture.payload == payload)
    return lines.all
  }

  @Test func oneLineOnRead() throws {
    #expect(
      try logged(["id": "first"], .read, Array("hello".utf8)) == [
        "'first': read from 192.0.2.1:40000 to all endpoints, 5 bytes, text \"hello\", hex 68656c6c6f"
      ])
  }

  @Test func oneLineOnWrite() throws {
    #expect(
      try logged(["id": "first"], .write, []) == ["'first': write from 192.0.2.1:40000, 0 bytes, text \"\", hex "])
  }

  @Test func theLabelStandsInForTheID() throws {
    #expect(try logged([:], .write, [0x61]) == ["'Debug': write from 192.0.2.1:40000, 1 bytes, text \"a\", hex 61"])
  }

  @Test func destinationsAreNamed() throws {
    let endpoints = [RoutingTable.Endpoint.server(1), .server(2)]
    #expect(
      try logged([:], .read, [0x61], behind: [["name": "LoadBalancer"]], endpoints: endpoints) == [
        "'Debug': read from 192.0.2.1:40000 to 203.0.113.1:26000, 1 bytes, text \"a\", hex 61"
      ])
  }

  @Test func whatATerminalWouldActOnIsEscaped() throws {
    let line = try logged(["id": "\u{1b}[31m"], .write, [0x1b, 0x0a, 0x0d, 0x09, 0x22, 0x5c, 0x00, 0x7f, 0xff])
    #expect(
      line == [
        #"'\u{1b}[31m': write from 192.0.2.1:40000, 9 bytes, text "\x1b\n\r\t\"\\\x00\x7f\xff", hex 1b0a0d09225c007fff"#
      ])
  }

  @Test func aLongPayloadIsCut() throws {
    let line = try #require(try logged([:], .write, Array(repeating: 0x61, count: 257)).first)
    #expect(line.contains("257 bytes, text \"\(String(repeating: "a", count: 256))…\""))
    #expect(line.hasSuffix("hex \(String(repeating: "61", count: 256))…"))
    let whole = try #require(try logged([:], .write, Array(repeating: 0x61, count: 256)).first)
    #expect(!whole.contains("…"))
  }
}
