import CDataPath
import FilterKit
import Filters
import Glibc
import KernelPath
import ProxyConfiguration

/// Looks for the chain that the verifier walks longest: random chains first, then changes to the worst one so far.
struct WorstChainSearch {
  /// A chain with what the verifier walked.
  struct Found {
    var filters: [String] = []
    var verified = 0
    var instructions = 0
  }

  private(set) var worst = Found()
  private(set) var tried = 0
  private(set) var refused = 0

  /// How the worst chains are surrounded: as many addresses and interfaces as there can be, and checksums in full.
  private static let addresses = (0..<UInt32(CHAIN_ADDRESSES)).map { number in
    number % 2 == 0 ? IPAddress(v4: 0x0a00_0001 + number) : IPAddress(high: 0xfd00_0000_0000_0000, low: UInt64(number))
  }
  private static let interfaces = (0..<UInt32(CHAIN_INTERFACES)).map { number in
    var way = interface()
    way.index = number + 1
    way.generic = UInt8(number % 2)
    return way
  }

  mutating func run(_ count: Int) throws {
    while tried < count {
      let filters = worst.filters.isEmpty || Int.random(in: 0..<8) == 0 ? Self.random() : Self.changed(worst.filters)
      guard let found = try Self.measure(filters) else {
        refused += 1
        continue
      }
      tried += 1
      if found.verified > worst.verified {
        worst = found
        print(
          "\(tried) chains: \(found.verified) walked of \(found.instructions)\n  \(found.filters.joined(separator: "\n  "))"
        )
        fflush(nil)
      }
    }
  }

  /// Nil for a chain that the plan leaves to the sockets. What the plan takes must load.
  static func measure(_ filters: [String]) throws -> Found? {
    let diagnostics = Diagnostics()
    let text = "[\(filters.joined(separator: ", "))]"
    let root = YAMLDocument.read(Array(text.utf8).span, diagnostics: diagnostics)
    guard case .sequence(let entries)? = root?.content else { throw Failure("no list: \(text)") }
    let chain = Chain.read(entries, registry: .builtin, metrics: Metrics(), diagnostics: diagnostics, log: { _ in })
    guard !diagnostics.hasErrors else {
      throw Failure("\(text): \(diagnostics.report.lines(in: "filters").joined(separator: "\n"))")
    }
    let plan = ChainPlan(chain)
    guard plan.refusal == nil else { return nil }
    do {
      let program = try KernelProgram.forTrial(
        plan, RoutingTable([.init(SocketAddress(IPAddress(v4: 0x0a00_0005), port: 9_000))]), addresses: addresses,
        port: 7_777, interfaces: interfaces, hopLifetime: 100, needsFullChecksums: true)
      return Found(filters: filters, verified: program.verifiedInstructions, instructions: program.instructionCount)
    } catch { throw Failure("\(text): \(error)") }
  }

  // MARK: - Chains

  private static func random() -> [String] { (0..<Int.random(in: 4...14)).map { _ in filter(0) } }

  private static func changed(_ filters: [String]) -> [String] {
    var filters = filters
    for _ in 0..<Int.random(in: 1...2) {
      let place = Int.random(in: 0..<filters.count)
      switch Int.random(in: 0..<4) {
      case 0: filters[place] = filter(0)
      case 1: filters.insert(filter(0), at: place)
      case 2 where filters.count > 1: filters.remove(at: place)
      default: filters.swapAt(place, Int.random(in: 0..<filters.count))
      }
    }
    return filters
  }

  private static func filter(_ depth: Int) -> String { "{\(fields(depth))}" }

  private static func fields(_ depth: Int) -> String {
    let key = ["a", "b"].randomElement()!
    switch Int.random(in: 0..<(depth < 2 ? 16 : 12)) {
    case 0...3:
      let size = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 25, 31, 32].randomElement()!
      let end = Bool.random() ? "prefix" : "suffix"
      let removes = Int.random(in: 0..<4) > 0
      return "name: Capture, config: {metadataKey: \(key), \(end): {size: \(size), remove: \(removes)}}"
    case 4:
      return "name: PacketSize, config: {min: 3, max: 1200, on_write: {min: 5, max: 1300}}"
    case 5...6: return "name: Firewall, config: {on_read: [\(rules())], on_write: [\(rules())]}"
    case 7:
      let networks =
        "{action: ALLOW, sources: [10.0.0.0/8, 11.0.0.0/8, 12.0.0.0/8, 13.0.0.0/8, 'fd00::/8'], ports: [5-6000]}"
      return "name: Firewall, config: {on_read: [\(networks)], on_write: [\(networks)]}"
    case 8:
      let actions = ["APPEND", "PREPEND", "DO_NOTHING"]
      let bytes = ["AA==", "AQID", "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY="].randomElement()!
      return
        "name: Concatenate, config: {on_read: \(actions.randomElement()!), on_write: \(actions.randomElement()!), bytes: \(bytes)}"
    case 9: return "name: Timestamp, config: {metadataKey: \(key)}"
    case 10:
      return Bool.random()
        ? "name: TokenRouter, config: {metadataKey: \(key)}"
        : "name: LoadBalancer, config: {policy: \(["ROUND_ROBIN", "RANDOM", "HASH", "CONSISTENT_HASH"].randomElement()!)}"
    case 11: return "name: LocalRateLimit, config: {max_packets: 5, key: \(Bool.random() ? "SOURCE" : "ADDRESS")}"
    default:
      let name = Bool.random() ? key : key + "/is_present"
      let branches = (0..<Int.random(in: 1...3)).map { number in
        "{value: \(name == key ? ["'\(String(repeating: "x", count: [2, 9, 32].randomElement()!))'", "\(number)"].randomElement()! : "true"), \(fields(depth + 1))}"
      }
      return
        "name: Match, config: {on_read: {metadataKey: \(name), branches: [\(branches.joined(separator: ", "))], fallthrough: \(filter(depth + 1))}}"
    }
  }

  private static func rules() -> String {
    (0..<Int.random(in: 1...4)).map { _ in
      let source = ["10.0.0.0/8", "0.0.0.0/0", "'fd00::/9'", "'::/0'", "10.1.2.3/32"].randomElement()!
      return
        "{action: \(Bool.random() ? "ALLOW" : "DENY"), sources: [\(source)], ports: [\(Int.random(in: 1...1024))-60000]}"
    }.joined(separator: ", ")
  }
}
