import FilterKit
import PacketKit
import ProxyConfiguration
import Testing

@Suite struct OptionsTests {
  private enum Policy: String, CaseIterable {
    case roundRobin = "ROUND_ROBIN"
    case random = "RANDOM"
    case hash = "HASH"
  }

  /// Reads `text` as the options of a filter, and gives what was read and what was reported.
  private func read<T>(_ text: String, _ body: (inout Options) -> T) throws -> (value: T, lines: [String]) {
    let diagnostics = Diagnostics()
    let node = try #require(YAMLDocument.read(text, diagnostics: diagnostics))
    var options = Options(node, diagnostics: diagnostics)
    let value = body(&options)
    options.finish()
    return (value, diagnostics.report.lines(in: "f"))
  }

  // MARK: Integers

  @Test(arguments: [("size: 0", 0), ("size: 65507", 65507), ("size: 0x10", 16), ("size: +3", 3)])
  func readsIntegers(text: String, expected: Int) throws {
    let (value, lines) = try read(text) { $0.integer("size", in: 0...65_507) }
    #expect(value == expected)
    #expect(lines.isEmpty)
  }

  @Test(arguments: [
    ("size: 70000", "f:1:7: expected a whole number from 0 to 65507, found '70000'"),
    ("size: -1", "f:1:7: expected a whole number from 0 to 65507, found '-1'"),
    ("size: 1.5", "f:1:7: expected a whole number from 0 to 65507, found '1.5'"),
    ("size: 12x", "f:1:7: expected a whole number from 0 to 65507, found '12x'"),
    ("size: 007", "f:1:7: expected a whole number from 0 to 65507, found '007' (remove the leading zeros)"),
    ("size: 99999999999999999999", "f:1:7: expected a whole number from 0 to 65507, found '99999999999999999999'"),
    ("size: '4'", "f:1:7: expected a whole number from 0 to 65507, found the string \"4\" (remove the quotes)"),
    ("size: 'x'", "f:1:7: expected a whole number from 0 to 65507, found the string \"x\""),
    ("size: true", "f:1:7: expected a whole number from 0 to 65507, found 'true'"),
    ("size: [1]", "f:1:7: expected a whole number from 0 to 65507, found a list"),
    ("size: {a: 1}", "f:1:7: expected a whole number from 0 to 65507, found a mapping"),
    ("size:", "f:1:6: expected a whole number from 0 to 65507, found nothing"),
    ("size: ~", "f:1:7: expected a whole number from 0 to 65507, found nothing"),
    ("{}", "f:1:1: missing key 'size'"),
    ("{siz: 4}", "f:1:2: unknown key 'siz' (did you mean 'size'?)"),
    ("{length: 4}", "f:1:1: missing key 'size'\nf:1:2: unknown key 'length' (known here: size)"),
  ])
  func refusesIntegers(text: String, expected: String) throws {
    let (_, lines) = try read(text) { $0.integer("size", in: 0...65_507) }
    #expect(lines.joined(separator: "\n") == expected)
  }

  @Test func rangesWithoutAnEnd() throws {
    let (value, lines) = try read("n: 0") { $0.integer("n", in: 1...Int.max) }
    #expect(value == 1)
    #expect(lines == ["f:1:4: expected a whole number of at least 1, found '0'"])
    #expect(try read("n: -9223372036854775808") { $0.integer("n", in: Int.min...0) }.value == Int.min)
  }

  @Test func defaultsStandForWhatIsAbsentOrNull() throws {
    let (values, lines) = try read("a: ~\nb:\n") { options in
      [
        options.integer("a", in: 0...9, default: 5), options.integer("b", in: 0...9, default: 6),
        options.integer("c", in: 0...9, default: 7), options.optionalInteger("d", in: 0...9) ?? 8,
      ]
    }
    #expect(values == [5, 6, 7, 8])
    #expect(lines.isEmpty)
  }

  // MARK: Strings and switches

  @Test(arguments: [("k: abc", "abc"), ("k: 12", "12"), ("k: true", "true"), ("k: 'null'", "null"), ("k: ''", "")])
  func readsStrings(text: String, expected: String) throws {
    let (value, lines) = try read(text) { $0.string("k") }
    #expect(value == expected)
    #expect(lines.isEmpty)
  }

  @Test(arguments: [
    ("k: [a]", "f:1:4: expected a string, found a list"), ("k: {a: b}", "f:1:4: expected a string, found a mapping"),
    ("k: null", "f:1:4: expected a string, found nothing"), ("{}", "f:1:1: missing key 'k'"),
  ])
  func refusesStrings(text: String, expected: String) throws {
    #expect(try read(text) { $0.string("k") }.lines == [expected])
  }

  @Test(arguments: [
    ("on: yes", "f:1:5: expected true or false, found 'yes' (write true)"),
    ("on: OFF", "f:1:5: expected true or false, found 'OFF' (write false)"),
    ("on: 1", "f:1:5: expected true or false, found '1'"),
    ("on: 'true'", "f:1:5: expected true or false, found the string \"true\" (remove the quotes)"),
    ("on: 'x'", "f:1:5: expected true or false, found the string \"x\""),
    ("on: []", "f:1:5: expected true or false, found a list"),
  ])
  func refusesSwitches(text: String, expected: String) throws {
    #expect(try read(text) { $0.boolean("on", default: false) }.lines == [expected])
  }

  @Test func readsSwitches() throws {
    #expect(try read("on: true") { $0.boolean("on") }.value)
    #expect(try read("{}") { $0.boolean("on", default: true) }.value)
    #expect(try read("{}") { $0.boolean("on") }.lines == ["f:1:1: missing key 'on'"])
  }

  // MARK: Choices

  @Test(arguments: [
    (
      "policy: ROUNDROBIN",
      "f:1:9: 'policy' must be one of ROUND_ROBIN, RANDOM, HASH, found 'ROUNDROBIN' (did you mean 'ROUND_ROBIN'?)"
    ),
    (
      "policy: random",
      "f:1:9: 'policy' must be one of ROUND_ROBIN, RANDOM, HASH, found 'random' (did you mean 'RANDOM'?)"
    ),
    ("policy: LEAST_LOADED", "f:1:9: 'policy' must be one of ROUND_ROBIN, RANDOM, HASH, found 'LEAST_LOADED'"),
    ("policy: [HASH]", "f:1:9: 'policy' must be one of ROUND_ROBIN, RANDOM, HASH, found a list"),
  ])
  func refusesChoices(text: String, expected: String) throws {
    let (value, lines) = try read(text) { $0.choice("policy", of: Policy.self, default: .hash) }
    #expect(value == .hash)
    #expect(lines == [expected])
  }

  @Test func readsChoices() throws {
    #expect(try read("policy: RANDOM") { $0.choice("policy", of: Policy.self) }.value == .random)
    #expect(try read("{}") { $0.choice("policy", of: Policy.self, default: .hash) }.value == .hash)
    #expect(try read("{}") { $0.choice("policy", of: Policy.self) }.lines == ["f:1:1: missing key 'policy'"])
    #expect(
      try read("policy:") { $0.choice("policy", of: Policy.self) }.lines
        == ["f:1:8: expected one of ROUND_ROBIN, RANDOM, HASH, found nothing"])
  }

  // MARK: Base64

  @Test func readsBase64() throws {
    #expect(try read("bytes: AAE=") { $0.base64("bytes") }.value == [0, 1])
    #expect(try read("bytes: ''") { $0.base64("bytes") }.value == [])
    #expect(try read("bytes: AAE=") { $0.base64("bytes") }.lines.isEmpty)
  }

  @Test(arguments: [
    ("bytes: AAE", "f:1:8: expected base64, found 'AAE': add '=' at the end"),
    ("bytes: [AAE=]", "f:1:8: expected base64, found a list"), ("{}", "f:1:1: missing key 'bytes'"),
    ("bytes:", "f:1:7: expected base64, found nothing"),
  ])
  func refusesBase64(text: String, expected: String) throws {
    #expect(try read(text) { $0.base64("bytes") }.lines == [expected])
  }

  // MARK: Metadata values

  @Test(arguments: [
    ("value: abc", MetadataConstant.string("abc")), ("value: true", .bool(true)), ("value: 7", .number(7)),
    ("value: '7'", .string("7")), ("value: 'true'", .string("true")), ("value: 1.2.3", .string("1.2.3")),
    ("value: 010", .string("010")), ("value: 18446744073709551615", .number(.max)), ("value: []", .list([])),
    ("value: [a, 1, [false]]", .list([.string("a"), .number(1), .list([.bool(false)])])),
  ])
  func readsMetadataValues(text: String, expected: MetadataConstant) throws {
    let (value, lines) = try read(text) { $0.value("value") }
    #expect(value == expected)
    #expect(lines.isEmpty)
  }

  @Test(arguments: [
    (
      "value: 1.5",
      "f:1:8: expected a whole number from 0 to 18446744073709551615, found '1.5' (put a string in quotes)"
    ),
    ("value: -1", "f:1:8: expected a whole number from 0 to 18446744073709551615, found '-1' (put a string in quotes)"),
    (
      "value: {a: b}",
      "f:1:8: expected true, false, a whole number, a string, or a list of those, found a mapping"
    ),
    (
      "value: [~]", "f:1:9: expected true, false, a whole number, a string, or a list of those, found nothing"
    ),
    ("value:", "f:1:7: expected true, false, a whole number, a string, or a list of those, found nothing"),
  ])
  func refusesMetadataValues(text: String, expected: String) throws {
    #expect(try read(text) { $0.value("value") }.lines == [expected])
  }

  // MARK: Parts

  private struct Affix: Equatable {
    var size: Int
    var remove: Bool

    init(_ options: inout Options) {
      size = options.integer("size", in: 0...65_507)
      remove = options.boolean("remove", default: false)
    }
  }

  @Test func readsNestedMappings() throws {
    let (value, lines) = try read("prefix: {size: 3, remove: true}") { $0.object("prefix") { Affix(&$0) } }
    #expect(value?.size == 3)
    #expect(value?.remove == true)
    #expect(lines.isEmpty)
    #expect(try read("prefix:") { $0.object("prefix") { Affix(&$0) } }.value == nil)
  }

  @Test func reportsInsideOfNestedMappings() throws {
    let (value, lines) = try read("prefix:\n  size: x\n  remov: true\nsufix: {}\n") { options in
      _ = options.has("suffix")
      return options.object("prefix") { Affix(&$0) }
    }
    #expect(value != nil)
    #expect(
      lines == [
        "f:2:9: expected a whole number from 0 to 65507, found 'x'",
        "f:3:3: unknown key 'remov' (did you mean 'remove'?)", "f:4:1: unknown key 'sufix' (did you mean 'suffix'?)",
      ])
  }

  @Test func aWrongTypeIsReportedOnce() throws {
    let (value, lines) = try read("prefix: [1]\nother: 3") { options in
      (options.object("prefix") { Affix(&$0) }, options.requiredObject("other") { Affix(&$0) })
    }
    #expect(value.0 != nil)
    #expect(value.1.remove == false)
    #expect(lines == ["f:1:9: expected a mapping, found a list", "f:2:8: expected a mapping, found '3'"])
  }

  @Test func aRequiredMappingMayBeMissing() throws {
    let (_, lines) = try read("{}") { $0.requiredObject("prefix") { Affix(&$0) } }
    #expect(lines == ["f:1:1: missing key 'prefix'"])
  }

  @Test func anAbsentMappingCanStandForAnEmptyOne() throws {
    let (_, lines) = try read("name: x\nconfig: ~") { options in
      _ = options.string("name")
      return options.objectOrEmpty("config") { Affix(&$0) }
    }
    #expect(lines == ["f:1:1: missing key 'size' in 'config'"])
  }

  @Test func readsLists() throws {
    let (value, lines) = try read("rules:\n- {size: 1}\n- 3\n- {size: 2, x: y}\n") { $0.list("rules") { Affix(&$0) } }
    #expect(value.map(\.size) == [1, 0, 2])
    #expect(
      lines == ["f:3:3: expected a mapping, found '3'", "f:4:13: unknown key 'x' (known here: size, remove)"])
    #expect(
      try read("rules: {}") { $0.list("rules") { Affix(&$0) } }.lines == ["f:1:8: expected a list, found a mapping"])
    #expect(try read("rules:") { $0.list("rules") { Affix(&$0) } }.lines == ["f:1:7: expected a list, found nothing"])
    #expect(try read("{}") { $0.optionalList("rules") { Affix(&$0) } }.value == nil)
    #expect(try read("rules: []") { $0.list("rules") { Affix(&$0) } }.value.isEmpty)
  }

  @Test func readsListsOfScalars() throws {
    let (value, lines) = try read("ports: [80, \"90-95\", [1], ~]") { $0.strings("ports") }
    #expect(value.map(\.text) == ["80", "90-95"])
    #expect(value.map(\.mark.column) == [9, 13])
    #expect(lines == ["f:1:22: expected a string, found a list", "f:1:27: expected a string, found nothing"])
  }

  @Test func reportsWhatAParserThrowsAtTheItem() throws {
    let (value, lines) = try read("sources: [10.0.0.0/8, 10.1.0.0/8, '::1']") { options in
      options.strings("sources") { text throws(AddressError) in try CIDR(text) }
    }
    #expect(value.map(\.description) == ["10.0.0.0/8", "::1/128"])
    #expect(lines == ["f:1:23: '10.1.0.0/8' has bits behind its prefix of 8 (did you mean 10.0.0.0/8?)"])
  }

  @Test func authorsReportWithMarks() throws {
    let (_, lines) = try read("a: 1\nb: 2") { options in
      _ = options.has("a")
      _ = options.has("b")
      options.report("exactly one of 'a' and 'b'", at: options.keyMark(of: "b"))
      options.warn("not wise", at: options.mark(of: "a"))
      options.report("whole")
    }
    #expect(lines == ["f:1:1: whole", "f:1:4: warning: not wise", "f:2:1: exactly one of 'a' and 'b'"])
  }

  @Test func keysOfFiltersWithoutOptions() throws {
    #expect(try read("a: 1") { _ in }.lines == ["f:1:1: unknown key 'a' (no keys are known here)"])
  }

  @Test func aMisspeltKeyIsNotTakenForAPresentOne() throws {
    let (_, lines) = try read("size: 1\nsise: 2") { $0.integer("size", in: 0...9) }
    #expect(lines == ["f:2:1: unknown key 'sise' (known here: size)"])
  }

  @Test func aliasesAreReportedOnceAndHoldNoValue() throws {
    let diagnostics = Diagnostics()
    let node = YAMLDocument.read(
      "size: *x\npolicy: *x\nprefix: *x\nbytes: *x\nrules: *x", diagnostics: diagnostics)
    var options = Options(try #require(node), diagnostics: diagnostics)
    _ = options.integer("size", in: 1...9)
    _ = options.choice("policy", of: Policy.self)
    _ = options.object("prefix") { Affix(&$0) }
    _ = options.base64("bytes")
    _ = options.list("rules") { Affix(&$0) }
    options.finish()
    #expect(diagnostics.report.errorCount == 5)
    #expect(diagnostics.report.diagnostics.allSatisfy { $0.message.hasPrefix("anchors and aliases") })
  }

  // MARK: The collector

  @Test func theFirstByPlaceAreListedAndTheOthersCounted() {
    let diagnostics = Diagnostics()
    for line in (1...10_000).reversed() { diagnostics.error("line \(line)", at: Mark(line: line, column: 1)) }
    let report = diagnostics.report
    #expect(report.errorCount == 10_000)
    #expect(report.diagnostics.map(\.mark.line) == Array(1...100))
    #expect(report.lines(in: "f").count == 101)
    #expect(report.lines(in: "f").last == "… and 9900 more")
  }

  @Test func messagesShowNoControlCharacters() {
    #expect(excerpt("a\u{1b}[31m\n\u{202e}é") == "'a\\u{1b}[31m\\n\\u{202e}é'")
    #expect(excerpt(String(repeating: "x", count: 61)) == "'\(String(repeating: "x", count: 60))…'")
    #expect(excerpt(String(repeating: "x", count: 60)) == "'\(String(repeating: "x", count: 60))'")
  }
}
