import FilterKit

/// How random chains get a filter. A filter that the kernel learns to run needs a row here, and nothing else: chains with filters
/// that it cannot run are passed over, and counted.
struct FilterRow {
  let name: String
  /// How often it is chosen, beside the others.
  let weight: Int
  let make: @Sendable (inout ChainGenerator, _ depth: Int) -> FilterTree

  private init(
    _ name: String, weight: Int, config: @escaping @Sendable (inout ChainGenerator) -> String?
  ) {
    self.init(name, weight: weight) { generator, _ in FilterTree(name: name, config: config(&generator)) }
  }

  private init(_ name: String, weight: Int, make: @escaping @Sendable (inout ChainGenerator, Int) -> FilterTree) {
    (self.name, self.weight, self.make) = (name, weight, make)
  }

  static let table = [
    FilterRow("Capture", weight: 12) { generator in generator.capture() },
    FilterRow("Match", weight: 6) { generator, depth in generator.match(depth) },
    FilterRow("TokenRouter", weight: 5) { generator in generator.onlyKey() },
    FilterRow("HashedTokenRouter", weight: 2) { generator in generator.onlyKey() },
    FilterRow("PacketSize", weight: 3) { generator in
      let write = generator.random.once(in: 2) ? ", on_write: {\(generator.bounds())}" : ""
      return "{\(generator.bounds())\(write)}"
    },
    FilterRow("Drop", weight: 1) { _ in nil },
    FilterRow("Pass", weight: 1) { _ in nil },
    FilterRow("Firewall", weight: 2) { generator in
      "{on_read: \(generator.rules(RandomCase.clients.map(\.ip))), "
        + "on_write: \(generator.rules(RandomCase.servers.map(\.ip)))}"
    },
    FilterRow("Concatenate", weight: 3) { generator in
      let actions = ["APPEND", "PREPEND", "DO_NOTHING"]
      return "{on_read: \(generator.random.pick(actions)), on_write: \(generator.random.pick(actions)), "
        + "bytes: \(generator.random.pick(["", "AA==", "YWI=", "AQID", "MDEyMzQ1Njc4OWFiY2RlZg=="]))}"
    },
    FilterRow("Timestamp", weight: 1) { generator in "{metadataKey: \(generator.key())}" },
    // Which endpoint RANDOM takes is nobody's to tell.
    FilterRow("LoadBalancer", weight: 1) { generator in
      "{policy: \(generator.random.pick(["HASH", "CONSISTENT_HASH", "ROUND_ROBIN"]))}"
    },
    FilterRow("LocalRateLimit", weight: 1) { generator in
      "{max_packets: \(generator.random.number(in: 0...20)), period: 3600, "
        + "key: \(generator.random.pick(["SOURCE", "ADDRESS"]))}"
    },
  ]

  /// The filters that the kernel runs: those of which the plan takes one in a hundred random configs.
  static func runnable(in registry: FilterRegistry) -> Set<String> {
    Set(
      table.filter { row in
        (0..<100).contains { seed in
          var generator = ChainGenerator(random: SeededGenerator(seed: UInt64(seed)), registry: registry)
          var test = RandomCase(&generator)
          // At a depth where a Match is no chain of others.
          test.filters = [row.make(&generator, row.name == "Match" ? 1 : 2)]
          guard let chain = try? ReferenceChain(test).chain else { return false }
          return ChainPlan(chain).isForKernel
        }
      }.map(\.name))
  }

  /// The filters that look at what others set.
  static let readers: Set = ["Match", "TokenRouter", "HashedTokenRouter", "Timestamp"]
}
