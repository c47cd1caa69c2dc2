import FilterKit

/// The rules of one direction, in memory that does not move. The chain owns it; workers only read it.
final class FirewallRules: Sendable {
  /// One rule as the configuration has it.
  struct Rule {
    var allows: Bool
    var sources: [CIDR]
    var ports: [PortRange]
  }

  /// One rule as packets meet it.
  fileprivate struct Compiled: BitwiseCopyable {
    var allows: Bool
    var sources: AddressRanges
    var ports: UnsafePointer<PortRange>
    var portCount: Int
  }

  /// The rules without their owner, so that using them touches no reference count. Valid as long as the owner lives.
  struct List: FirewallTable, BitwiseCopyable, @unchecked Sendable {
    fileprivate let rules: UnsafePointer<Compiled>
    fileprivate let count: Int

    @inline(__always) func allows(_ peer: SocketAddress) -> Bool {
      var index = 0
      while index < count {
        let rule = rules + index
        index &+= 1
        guard Self.holds(peer.port, rule.pointee.ports, rule.pointee.portCount),
          rule.pointee.sources.contains(peer.ip)
        else { continue }
        return rule.pointee.allows
      }
      return false
    }

    @inline(__always) private static func holds(
      _ port: UInt16, _ ranges: UnsafePointer<PortRange>, _ count: Int
    ) -> Bool {
      var index = 0
      while index < count {
        if ranges[index].contains(port) { return true }
        index &+= 1
      }
      return false
    }
  }

  let list: List
  let rules: [Rule]

  init(_ rules: [Rule]) {
    self.rules = rules
    let memory = UnsafeMutablePointer<Compiled>.allocate(capacity: max(1, rules.count))
    for (index, rule) in rules.enumerated() {
      let ports = UnsafeMutablePointer<PortRange>.allocate(capacity: max(1, rule.ports.count))
      ports.initialize(from: rule.ports, count: rule.ports.count)
      (memory + index).initialize(
        to: Compiled(
          allows: rule.allows, sources: AddressRanges(rule.sources), ports: UnsafePointer(ports),
          portCount: rule.ports.count))
    }
    list = List(rules: UnsafePointer(memory), count: rules.count)
  }

  deinit {
    for index in 0..<list.count {
      list.rules[index].sources.deallocate()
      list.rules[index].ports.deallocate()
    }
    list.rules.deallocate()
  }
}
