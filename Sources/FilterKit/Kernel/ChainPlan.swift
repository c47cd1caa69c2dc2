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
    /// Filters inside it that are left to the sockets.
    public let branchesOnSockets: [(label: String, refusal: KernelRefusal)]
  }

  /// What the kernel does in one direction.
  public struct Half: Sendable {
    public let slots: [slot]
    /// Why the sockets forward the packets of this direction; nil where the kernel runs the whole chain. Then the slots, if there
    /// are any, are those in front of the first filter for sockets: they drop what that part of the chain drops.
    public let refusal: KernelRefusal?

    public var isWhole: Bool { refusal == nil }
    /// Whether the kernel drops packets early that the sockets would drop.
    public var dropsEarly: Bool { refusal != nil && !slots.isEmpty }
  }

  public let steps: [Step]
  public let read: Half
  public let write: Half
  /// What the slots of both directions need beside the image.
  public let tables: KernelTables
  /// The program that has the slots' kinds.
  public let program: ProgramObject

  /// How many slots the kernel's program has in each direction.
  public static var slotCapacity: Int { Int(CHAIN_SLOTS) }

  /// Why the sockets run the chain, or a part of it; nil where the kernel runs all of it.
  public var refusal: KernelRefusal? { read.refusal ?? write.refusal }
  /// Whether the kernel has something to do.
  public var isForKernel: Bool { carriesSessions || read.dropsEarly }
  /// Whether packets of sessions that exist may go by the kernel, in one direction at least.
  public var carriesSessions: Bool { read.isWhole || write.isWhole || write.dropsEarly }

  public init(_ chain: Chain) {
    program = chain.program
    let read = Self.encode(chain.nodes, .read, program, KernelTables())
    let write = Self.encode(chain.nodes.reversed(), .write, program, read.tables)
    (self.read, self.write) = (read.half, write.half)
    steps = read.steps + write.steps
    tables = write.tables
  }

  private static func encode(
    _ nodes: [FilterNode], _ direction: Direction, _ program: ProgramObject, _ tables: KernelTables
  ) -> (half: Half, steps: [Step], tables: KernelTables) {
    // Which values are looked at is known only at the end of the chain, so it is written twice.
    let scan = Encoding(nodes, direction, program, readKeys: [], tables)
    let result = Encoding(nodes, direction, program, readKeys: scan.keysInUse, tables)
    return (result.half, result.steps, result.tables)
  }
}

/// One direction of a chain, written into slots as far as the kernel can run it.
private struct Encoding {
  private(set) var steps: [ChainPlan.Step] = []
  let half: ChainPlan.Half
  let tables: KernelTables
  let keysInUse: Set<MetadataKey>

  init(
    _ nodes: [FilterNode], _ direction: Direction, _ program: ProgramObject, readKeys: Set<MetadataKey>,
    _ tables: KernelTables
  ) {
    var encoder = ChainEncoder(direction, program, readKeys: readKeys, tables: tables)
    // The last place up to which something may be dropped: what is behind it is of no use in front of the sockets.
    var dropping: ChainEncoder?
    let obstacle = program.obstacle.map { KernelRefusal($0) }
    var refusal = obstacle
    for node in nodes {
      var next = encoder
      do throws(KernelRefusal) {
        if let obstacle { throw obstacle }
        try next.append(node)
        steps.append(
          ChainPlan.Step(
            label: node.label, direction: direction, refusal: nil, slots: next.slots.count - encoder.slots.count,
            branchesOnSockets: Array(next.branchesOnSockets.dropFirst(encoder.branchesOnSockets.count))))
        if refusal == nil {
          if next.mayDrop(from: encoder.slots.count) { dropping = next }
        }
        encoder = next
      } catch {
        steps.append(
          ChainPlan.Step(label: node.label, direction: direction, refusal: error, slots: 0, branchesOnSockets: []))
        if refusal == nil {
          refusal = KernelRefusal("filter '\(node.label)' runs on sockets only: \(error.reason)")
        }
      }
    }
    keysInUse = encoder.keysInUse
    if refusal != nil {
      encoder = dropping.flatMap(Self.endedEarly) ?? ChainEncoder(direction, program, readKeys: [], tables: tables)
    }
    half = ChainPlan.Half(slots: encoder.slots, refusal: refusal)
    self.tables = encoder.tables
  }

  /// With the sockets behind it; nil where that does not fit.
  private static func endedEarly(_ encoder: ChainEncoder) -> ChainEncoder? {
    var encoder = encoder
    do throws(KernelRefusal) { try encoder.leaveToSockets() } catch { return nil }
    return encoder
  }
}
