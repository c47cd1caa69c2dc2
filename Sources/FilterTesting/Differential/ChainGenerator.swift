import FilterKit

/// Makes random chains whose filters have something to do with each other: few keys, few sizes, few values, and filters that look at
/// a value mostly stand behind one that sets it.
struct ChainGenerator {
  /// An end of the payload that a filter of the chain looks at.
  struct End {
    var isPrefix: Bool
    var size: Int
  }

  var random: SeededGenerator
  let registry: FilterRegistry
  /// The names of the filters that nearly all chains are made of; nil for all.
  private let preferred: Set<String>?
  /// Filters that the test gives. Each chain has at least one of them.
  private let samples: [FilterTree]
  /// The chain that the test gives, instead of random ones.
  private let fixed: [FilterTree]?
  /// What packets may begin with, as the test gives it.
  let payloads: [[UInt8]]
  /// The values that tokens, branches and payloads are made of.
  private(set) var strings: [String]
  /// Of the last chain, in the order of its filters.
  private(set) var ends: [End] = []
  private let sizes: [Int]
  private let keys: [String]
  /// The keys that are set, with the sizes of their values.
  private var known: [(key: String, size: Int)] = []

  static let bytes: [UInt8] = [0, 1, 2, 97, 255]

  init(
    random: SeededGenerator, registry: FilterRegistry, preferring preferred: Set<String>? = nil,
    samples: [FilterTree] = [], fixed: [FilterTree]? = nil, payloads: [[UInt8]] = []
  ) {
    var random = random
    self.registry = registry
    self.preferred = preferred
    self.samples = samples
    self.fixed = fixed
    self.payloads = payloads
    sizes = (0..<3).map { _ in random.pick([1, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 25, 31, 32]) }
    keys = random.once(in: 3) ? ["quilkin.dev/capture"] : ["quilkin.dev/capture", "k"]
    strings = []
    self.random = random
    for size in sizes {
      let string = newString(size)
      // One that differs from another in its last byte alone.
      strings += [string, String(string.dropLast()) + "~", newString(size)]
    }
  }

  private mutating func newString(_ size: Int) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    return String((0..<size).map { _ in random.pick(letters) })
  }

  /// A value of just this size.
  mutating func string(_ size: Int) -> String {
    let fitting = strings.filter { $0.utf8.count == size }
    guard fitting.isEmpty else { return random.pick(fitting) }
    let new = newString(size)
    strings.append(new)
    return new
  }

  mutating func chain() -> [FilterTree] {
    ends = []
    known = []
    if let fixed { return fixed }
    guard !samples.isEmpty else { return (0..<random.number(in: 1...7)).map { _ in filter(0) } }
    var chain: [FilterTree] = []
    // Mostly in front, where packets still get to it, and sometimes twice.
    for _ in 0..<(random.once(in: 5) ? 2 : 1) {
      for _ in 0..<random.pick([0, 0, 1, 2]) { chain.append(filter(0)) }
      chain.append(random.pick(samples))
    }
    for _ in 0..<random.number(in: 0...3) { chain.append(filter(0)) }
    return chain
  }

  private mutating func filter(_ depth: Int) -> FilterTree {
    var rows = FilterRow.table.filter { registry[$0.name] != nil }
    // What the kernel cannot run yet comes up now and then, to be refused.
    if let preferred, !random.once(in: 60) { rows.removeAll { !preferred.contains($0.name) } }
    // Nearly all chains begin with what the others need; nearly none drops everything.
    if known.isEmpty, !random.once(in: 20) { rows.removeAll { FilterRow.readers.contains($0.name) } }
    if depth == 0, !random.once(in: 20) { rows.removeAll { $0.name == "Drop" } }
    guard !rows.isEmpty else { return random.pick(samples) }
    var choice = random.number(in: 0...(rows.reduce(0) { $0 + $1.weight } - 1))
    for row in rows {
      if choice < row.weight { return row.make(&self, depth) }
      choice -= row.weight
    }
    return FilterTree(name: "Pass")
  }

  // MARK: - Parts of configs

  /// `Capture` from one end.
  mutating func capture() -> String {
    let key = random.pick(keys) + (random.once(in: 40) ? "/is_present" : "")
    var size = random.pick(sizes)
    if random.once(in: 10) { size = random.pick([0, 1, max(0, size - 1), min(32, size + 1)]) }
    if random.once(in: 200) { size = 33 }
    let isPrefix = random.once(in: 2)
    known.append((key, size))
    known.append((key + "/is_present", -1))
    ends.append(End(isPrefix: isPrefix, size: size))
    let remove = random.once(in: 4) ? "" : ", remove: true"
    let field = key == "quilkin.dev/capture" ? "" : "metadataKey: \(key), "
    return "{\(field)\(isPrefix ? "prefix" : "suffix"): {size: \(size)\(remove)}}"
  }

  mutating func match(_ depth: Int) -> FilterTree {
    guard depth < 2 else { return FilterTree(name: "Pass") }
    let (key, size) = key(ofBytes: !random.once(in: 6))
    var branches: [(String, FilterTree)] = []
    for _ in 0..<random.number(in: 1...3) { branches.append((value(size), filter(depth + 1))) }
    return FilterTree(
      name: "Match",
      match: FilterTree.Branches(
        direction: random.once(in: 100) ? "on_write" : "on_read", key: key, branches: branches,
        otherwise: random.once(in: 3) ? nil : filter(depth + 1)))
  }

  private mutating func value(_ size: Int) -> String {
    if size < 0 { return random.pick(["true", "true", "false", "1", "'true'"]) }
    switch random.number(in: 0...19) {
    case 0: return random.pick(["true", "0", "256", "''"])
    case 1: return "'\(random.pick(strings))'"
    default: return size == 1 && random.once(in: 2) ? "\(random.pick(Self.bytes))" : "'\(string(size))'"
    }
  }

  /// A key that a filter looks at, and the size of its value: -1 for a bool.
  private mutating func key(ofBytes: Bool) -> (key: String, size: Int) {
    let fitting = known.filter { ($0.size >= 0) == ofBytes }
    if !fitting.isEmpty, !random.once(in: 40) { return random.pick(fitting) }
    return (random.pick(keys) + (ofBytes ? "" : "/is_present"), ofBytes ? random.pick(sizes) : -1)
  }

  mutating func key() -> String { key(ofBytes: !random.once(in: 20)).key }

  mutating func onlyKey() -> String? {
    let key = key()
    return key == "quilkin.dev/capture" ? nil : "{metadataKey: \(key)}"
  }

  mutating func bounds() -> String {
    let minimum = random.pick([0, 0, 0, 1, 4, 32])
    let maximum = minimum + random.pick([1, 30, 100, 1_400, 1_471, 1_472])
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
