import FilterKit
import Filters
import Testing

/// What no built-in filter can bring about: values on write, and values of kinds that nothing captures.
@Suite struct MatchTests {
  /// Sets a number on read and the payload as bytes on write.
  private struct Setter: Filter {
    static let name = "Setter"
    private let key: MetadataKey

    init(options: inout Options, context: inout FilterContext) { key = context.key("value", setOn: .read, .write) }

    func read(_ packet: inout Packet) -> Verdict {
      packet.set(key, number: UInt64(packet.count))
      return .forward
    }

    func write(_ packet: inout Packet) -> Verdict {
      packet.capture(at: 0, size: packet.count, as: key) ? .forward : .drop(.dropped)
    }
  }

  private var registry: FilterRegistry {
    var registry = FilterRegistry.builtin
    registry.register(Setter.self)
    return registry
  }

  @Test func matchesOnWrite() throws {
    // The chain runs in reverse order on write, so what sets the value stands behind what matches it.
    let fixture = try Fixture(
      [
        [
          "name": "Match",
          "config": [
            "on_write": [
              "metadataKey": "value",
              "branches": [
                [
                  "value": "abc", "name": "Concatenate",
                  "config": ["on_read": "APPEND", "on_write": "PREPEND", "bytes": "MQ=="],
                ],
                ["value": "xyz", "name": "Drop", "label": "refused"],
              ],
              "fallthrough": ["name": "Pass"],
            ]
          ],
        ],
        ["name": "Setter"],
      ], registry: registry)
    #expect(fixture.run(.write, Array("abc".utf8)) != nil)
    #expect(fixture.payload == Array("1abc".utf8))
    #expect(fixture.run(.write, Array("xyz".utf8)) == nil)
    #expect(fixture.run(.write, Array("else".utf8)) != nil)
    #expect(fixture.payload == Array("else".utf8))
    // Nothing is configured for read.
    #expect(fixture.run(.read, Array("xyz".utf8)) != nil)
    #expect(fixture.total("proxy_match_total") == 3)
  }

  @Test func theOrderOnWriteIsReversed() throws {
    let fixture = try Fixture(
      [
        ["name": "Setter"],
        [
          "name": "Match",
          "config": ["on_write": ["metadataKey": "value", "branches": [["value": "abc", "name": "Pass"]]]],
        ],
      ], registry: registry)
    #expect(fixture.run(.write, Array("abc".utf8)) == nil)
  }

  @Test func aNumberEqualsTheSameNumber() throws {
    let fixture = try Fixture(
      [
        ["name": "Setter"],
        [
          "name": "Match",
          "config": [
            "on_read": [
              "metadataKey": "value",
              "branches": [
                ["value": "3", "name": "Drop", "label": "string"], ["value": true, "name": "Drop", "label": "bool"],
                ["value": [3], "name": "Drop", "label": "list"], ["value": 3, "name": "Pass"],
                ["value": 300, "name": "Pass"],
              ],
            ]
          ],
        ],
      ], registry: registry)
    #expect(fixture.run(.read, [1, 2, 3]) != nil)
    #expect(fixture.run(.read, Array(repeating: 0, count: 300)) != nil)
    #expect(fixture.run(.read, [1, 2]) == nil)
    // The number one is not the bool.
    #expect(fixture.run(.read, [1]) == nil)
  }

  /// The packets of one batch that take different branches do not see each other.
  @Test func aBatchIsSplitByBranch() throws {
    let fixture = try Fixture([
      ["name": "Capture", "config": ["prefix": ["size": 1, "remove": true]]],
      [
        "name": "Match",
        "config": [
          "on_read": [
            "metadataKey": "quilkin.dev/capture",
            "branches": [
              ["value": 0, "name": "Concatenate", "config": ["on_read": "APPEND", "bytes": "MA=="]],
              ["value": 1, "name": "Concatenate", "config": ["on_read": "APPEND", "bytes": "MQ=="]],
              ["value": 2, "name": "Drop"],
            ],
            "fallthrough": ["name": "Pass"],
          ]
        ],
      ],
    ])
    fixture.batch.begin(.read, now: 0, wallClock: 0)
    for index in 0..<64 {
      fixture.batch.receiveBuffer(index).copyBytes(from: [UInt8(index % 4), 0x61])
      fixture.batch.insert(index, size: 2, from: .client)
    }
    fixture.chain.run(.read, &fixture.batch)
    for index in 0..<64 {
      #expect(fixture.batch.livePackets >> UInt64(index) & 1 == (index % 4 == 2 ? 0 : 1))
      let expected = ["a0", "a1", "a", "a"][index % 4]
      #expect(Array(fixture.batch.payload(index)) == Array(expected.utf8))
    }
    #expect(fixture.total("proxy_match_total") == 64)
  }
}
