public import CDataPath

/// Which path a chain runs on, and why: a pure function of the configuration.
public struct ChainPlan: Sendable {
  /// What becomes of one filter.
  public struct Step: Sendable {
    public let label: String
    public let direction: Direction
    /// Why the kernel leaves it to the sockets; nil where the kernel can run it.
    public let refusal: KernelRefusal?
    /// How many slots it takes.
    public let slots: Int
  }

  public let steps: [Step]
  /// The slots of both directions where the kernel runs the chain; nil where the sockets do.
  public let read: [slot]?
  public let write: [slot]?
  /// The filters' counters that the slots add to, by their number less one.
  public let counters: [Counter]
  /// Where the drops of each filter are counted on sockets, by the filter's number.
  public let drops: [Int: DropRow]
  /// Why the sockets run the chain.
  public let refusal: KernelRefusal?

  /// How many slots the kernel's program has in each direction.
  public static var slotCapacity: Int { Int(CHAIN_SLOTS) }

  public var isForKernel: Bool { refusal == nil }

  public init(_ chain: Chain) {
    var steps: [Step] = []
    var refusal: KernelRefusal?
    var encoded: [[slot]] = []
    var counters: [Counter] = []
    var drops: [Int: DropRow] = [:]
    for direction in Direction.allCases {
      let nodes = direction == .read ? chain.nodes : chain.nodes.reversed()
      // Which values are looked at is known only at the end of the chain, so it is written twice.
      let scan = Self.encode(nodes, direction, readKeys: [], counters: counters)
      let result = Self.encode(nodes, direction, readKeys: scan.encoder.keysInUse, counters: counters)
      counters = result.encoder.counters
      drops.merge(result.encoder.drops) { _, new in new }
      steps += result.steps
      encoded.append(result.encoder.slots)
      if refusal == nil, let step = result.steps.first(where: { $0.refusal != nil }) {
        refusal = KernelRefusal("filter '\(step.label)' runs on sockets only: \(step.refusal!.reason)")
      }
    }
    self.steps = steps
    self.refusal = refusal
    self.counters = counters
    self.drops = drops
    (read, write) = refusal == nil ? (encoded[0], encoded[1]) : (nil, nil)
  }

  private static func encode(
    _ nodes: [FilterNode], _ direction: Direction, readKeys: Set<MetadataKey>, counters: [Counter]
  ) -> (encoder: ChainEncoder, steps: [Step]) {
    var encoder = ChainEncoder(direction, readKeys: readKeys, counters: counters)
    var steps: [Step] = []
    for node in nodes {
      var next = encoder
      do throws(KernelRefusal) {
        try next.append(node)
        steps.append(
          Step(label: node.label, direction: direction, refusal: nil, slots: next.slots.count - encoder.slots.count))
        encoder = next
      } catch {
        steps.append(Step(label: node.label, direction: direction, refusal: error, slots: 0))
      }
    }
    return (encoder, steps)
  }
}
