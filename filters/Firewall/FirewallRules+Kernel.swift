import CDataPath
import FilterKit

extension FirewallRules {
  /// Adds the rules to the chain that the kernel runs: a few one by one, many as a table of networks.
  func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    let few = rules.prefix(Int(CHAIN_FIREWALL_RULES) + 1).flatMap(Self.flat)
    // A list that matches nothing has no place in the flat form, but says the same by its absence.
    if rules.count <= Int(CHAIN_FIREWALL_RULES), let first = image.place(few) {
      try image.append { slot in
        slot.kind = UInt8(SLOT_FIREWALL.rawValue)
        slot.size = first
        slot.second_size = UInt32(few.count)
      }
      return
    }
    var networks: [(block: CIDR, answer: UInt32)] = []
    var answers: [[Int]: UInt32] = [:]
    for (block, rules) in try rulesByNetwork() {
      let answer = if let known = answers[rules] { known } else { try image.answer(ports(rules)) }
      answers[rules] = answer
      networks.append((block, answer))
    }
    let table = image.place(networks)
    try image.append { slot in
      slot.kind = UInt8(SLOT_FIREWALL.rawValue)
      slot.flags = 1
      slot.size = table
    }
  }

  /// A rule for each of its networks with each of its ranges of ports.
  private static func flat(_ rule: Rule) -> [rule] {
    rule.sources.flatMap { block in
      rule.ports.map { ports in
        CDataPath.rule(
          network: (block.network.high, block.network.low), mask: (block.mask.high, block.mask.low),
          first_port: ports.lowerBound, end_port: ports.upperBound, allows: rule.allows ? 1 : 0,
          not_v4: block.network.isV4 ? 0 : 1)
      }
    }
  }

  /// How many rules all networks together may be held by: it bounds the time that a configuration takes.
  private static let maximumPlacements = 20_000_000

  /// Every network that a rule names, with the rules that hold all of it, in their order.
  ///
  /// Two networks are apart, or one holds the other. So the rules that match an address are those of the longest network around it.
  private func rulesByNetwork() throws(KernelRefusal) -> [(block: CIDR, rules: [Int])] {
    var owners: [CIDR: [Int]] = [:]
    for (index, rule) in rules.enumerated() {
      for block in rule.sources where owners[block]?.last != index { owners[block, default: []].append(index) }
    }
    // Each network comes behind those around it.
    let sorted = owners.keys.sorted { one, other in
      (one.network.isV4 ? 1 : 0, one.network.high, one.network.low, one.prefixLength)
        < (other.network.isV4 ? 1 : 0, other.network.high, other.network.low, other.prefixLength)
    }
    var around: [(block: CIDR, rules: [Int])] = []
    var result: [(block: CIDR, rules: [Int])] = []
    var placements = 0
    for block in sorted {
      while let last = around.last, !last.block.contains(block.network) { around.removeLast() }
      let outer = around.last?.rules ?? []
      let own = owners[block]!
      let all = outer.isEmpty ? own : Set(outer).union(own).sorted()
      placements += all.count
      guard placements <= Self.maximumPlacements else { throw KernelRefusal("too many of its rules lie in each other") }
      around.append((block, all))
      result.append((block, all))
    }
    return result
  }

  /// The ports that these rules allow: the first one that has the port decides.
  private func ports(_ indices: [Int]) -> PortSet {
    var allowed = PortSet()
    var decided = PortSet()
    for rule in indices.map({ rules[$0] }) {
      let ranges = rule.ports.map { Int($0.lowerBound)..<Int($0.upperBound) }
      if rule.allows { for range in ranges { allowed.insert(range, except: decided) } }
      for range in ranges { decided.insert(range) }
    }
    return allowed
  }
}
