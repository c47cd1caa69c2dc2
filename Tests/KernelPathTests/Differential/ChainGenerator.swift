import FilterKit

/// Makes random chains whose filters have something to do with each other: few keys, few sizes, few values.
struct ChainGenerator {
  var random: SeededGenerator
  /// Also filters that remember packets.
  let hasState: Bool
  /// The values that tokens, branches and payloads are made of.
  let strings: [String]
  private let keys: [String]

  init(random: SeededGenerator, hasState: Bool) {
    var random = random
    self.hasState = hasState
    let sizes = (0..<3).map { _ in random.pick([1, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 25, 31, 32]) }
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    var strings = sizes.flatMap { size in
      (0..<2).map { _ in String((0..<size).map { _ in random.pick(letters) }) }
    }
    // One that differs from another in its last byte alone.
    strings.append(String(strings[0].dropLast()) + "~")
    self.strings = strings
    keys = random.once(in: 3) ? ["quilkin.dev/capture"] : ["quilkin.dev/capture", "k"]
    self.random = random
  }

  mutating func chain() -> [FilterTree] { (0..<random.number(in: 1...6)).map { _ in filter(0) } }

  private mutating func filter(_ depth: Int) -> FilterTree {
    let rows = FilterRow.table.filter { hasState || !FilterRow.stateful.contains($0.name) }
    var choice = random.number(in: 0...(rows.reduce(0) { $0 + $1.weight } - 1))
    for row in rows {
      if choice < row.weight { return row.make(&self, depth) }
      choice -= row.weight
    }
    return FilterTree(name: "Pass")
  }

  mutating func match(_ depth: Int) -> FilterTree {
    guard depth < 2 else { return FilterTree(name: "Pass") }
    let key = key()
    var branches: [(String, FilterTree)] = []
    for _ in 0..<random.number(in: 1...3) { branches.append((value(), filter(depth + 1))) }
    return FilterTree(
      name: "Match",
      match: FilterTree.Branches(
        direction: random.once(in: 30) ? "on_write" : "on_read", key: key, branches: branches,
        otherwise: random.once(in: 2) ? filter(depth + 1) : nil))
  }

  private mutating func value() -> String {
    switch random.number(in: 0...9) {
    case 0...4: "'\(random.pick(strings))'"
    case 5...7: "\(random.pick([0, 1, 2, 97, 255, 256]))"
    case 8: random.pick(["true", "false"])
    default: "''"
    }
  }

  /// A key that a filter looks at.
  mutating func key() -> String { random.pick(keys) + (random.once(in: 6) ? "/is_present" : "") }
  /// A key that a filter sets.
  mutating func writtenKey() -> String { random.pick(keys) + (random.once(in: 25) ? "/is_present" : "") }
  func keyField(_ key: String) -> String { key == "quilkin.dev/capture" ? "" : "metadataKey: \(key), " }
  mutating func onlyKey() -> String? {
    let key = key()
    return key == "quilkin.dev/capture" ? nil : "{metadataKey: \(key)}"
  }

  mutating func captureSize() -> Int {
    let size = random.pick(strings).utf8.count
    return random.once(in: 8) ? random.pick([0, 1, max(0, size - 1), min(32, size + 1)]) : size
  }

  mutating func bounds() -> String {
    let minimum = random.pick([0, 1, 4, 8, 32])
    let maximum = minimum + random.pick([0, 1, 30, 100, 1_400, 1_472])
    return random.pick(["min: \(minimum)", "max: \(maximum)", "min: \(minimum), max: \(maximum)"])
  }

  mutating func rules(_ addresses: [IPAddress]) -> String {
    let rules = (0..<random.number(in: 0...4)).map { _ -> String in
      let sources = (0..<random.number(in: 0...3)).map { _ -> String in
        let ip = random.pick(addresses)
        return
          "\"\(ip)/\(random.number(in: random.once(in: 3) ? 0...(ip.isV4 ? 32 : 128) : (ip.isV4 ? 24...32 : 112...128)))\""
      }
      let ports = random.pick(["0-65536", "1024-65536", "40000", "40001", "26000", "40000-40001"])
      return "{action: \(random.pick(["ALLOW", "ALLOW", "DENY"])), sources: [\(sources.joined(separator: ", "))], "
        + "ports: [\"\(ports)\"]}"
    }
    return "[\(rules.joined(separator: ", "))]"
  }
}
