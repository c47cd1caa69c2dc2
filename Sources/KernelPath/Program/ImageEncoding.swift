public import CDataPath
public import FilterKit
import Glibc

extension image {
  /// The image of a chain, for a proxy that listens on `addresses` and `port` and sends over `interfaces`, by their places. `cells`
  /// are the first cells of the states of the plan's tables.
  public init(
    _ plan: ChainPlan, cells: [UInt32] = [], addresses: [IPAddress], port: UInt16, interfaces: [interface],
    hopLifetime: UInt64, hopEpoch: UInt64 = 0, needsFullChecksums: Bool = false, balance: BalanceRoom = BalanceRoom()
  ) throws(KernelPathError) {
    guard plan.isForKernel else { throw .chain(plan.refusal!) }
    precondition(cells.count == plan.tables.states.count)
    guard addresses.count <= Int(CHAIN_ADDRESSES) else {
      throw .refused(
        KernelRefusal("it listens on \(addresses.count) addresses, and the kernel's program knows \(CHAIN_ADDRESSES)"))
    }
    precondition(interfaces.count <= Int(CHAIN_INTERFACES))
    self.init()
    Self.copy(Self.place(plan.read.slots, cells), to: &self.read)
    Self.copy(Self.place(plan.write.slots, cells), to: &self.write)
    Self.copy(plan.tables.rules, to: &rules)
    grows = plan.tables.grows ? 1 : 0
    Self.copy(addresses.map { KernelBytes($0) }, to: &self.addresses)
    Self.copy(interfaces, to: &self.interfaces)
    only_interface = interfaces.dropFirst().allSatisfy { $0.index == 0 } ? 1 : 0
    endpoint_room = UInt32(balance.endpoints)
    ring_room = UInt32(balance.ring)
    hop_lifetime = hopLifetime
    // Farther apart than any lifetime.
    hop_epoch = hopEpoch << 40
    self.port = port.bigEndian
    full_checksums = needsFullChecksums ? 1 : 0
    few_ways = [plan.read.slots, plan.write.slots].allSatisfy { Self.hasFewWays($0) } ? 1 : 0
    fixed_front = (plan.read.slots + plan.write.slots).allSatisfy(\.leavesFront) ? 1 : 0
  }

  /// Whether what is done behind the chain may be written once for each way through it. A Timestamp does much.
  private static func hasFewWays(_ slots: [slot]) -> Bool {
    ways(through: slots) <= 4 && slots.count { $0.kind == SLOT_TIMESTAMP.rawValue } <= 4
  }

  /// How many ways there are through a chain for packets that go on.
  private static func ways(through slots: [slot]) -> Int {
    // From each slot on; behind the last one the chain ends.
    var ways = [Int](repeating: 1, count: slots.count + 1)
    for (index, slot) in slots.enumerated().reversed() {
      let target = Int(slot.jump)
      let jumped = target > index && target <= slots.count ? ways[target] : 0
      switch UInt32(slot.kind) {
      case SLOT_DROP.rawValue, SLOT_SOCKETS.rawValue: ways[index] = 0
      case SLOT_JUMP.rawValue: ways[index] = jumped
      default: ways[index] = ways[index + 1] + jumped
      }
    }
    return ways[0]
  }

  /// Slots with the first cells of their states instead of the states' numbers.
  private static func place(_ slots: [slot], _ cells: [UInt32]) -> [slot] {
    slots.map { slot in
      var slot = slot
      if slot.state > 0 { slot.state = cells[Int(slot.state) - 1] }
      return slot
    }
  }

  /// Whether both are the same to the program.
  static func == (_ one: Self, _ other: Self) -> Bool {
    withUnsafeBytes(of: one) { one in
      withUnsafeBytes(of: other) { memcmp(one.baseAddress!, $0.baseAddress!, one.count) == 0 }
    }
  }

  /// Writes elements to the front of a C array, whose rest stays as it was.
  private static func copy<Element: BitwiseCopyable, Tuple>(_ elements: [Element], to tuple: inout Tuple) {
    precondition(elements.count * MemoryLayout<Element>.stride <= MemoryLayout<Tuple>.size)
    withUnsafeMutableBytes(of: &tuple) { memory in
      elements.withUnsafeBytes { memory.copyMemory(from: $0) }
    }
  }
}

extension slot {
  /// Whether nothing is cut off or added in front. Of a kind that is not named here nothing is known.
  fileprivate var leavesFront: Bool {
    switch UInt32(kind) {
    case SLOT_END.rawValue, SLOT_JUMP.rawValue, SLOT_MATCH.rawValue, SLOT_ROUTE.rawValue, SLOT_SIZE.rawValue,
      SLOT_DROP.rawValue, SLOT_SOCKETS.rawValue, SLOT_FIREWALL.rawValue, SLOT_BALANCE.rawValue, SLOT_LIMIT.rawValue,
      SLOT_TIMESTAMP.rawValue:
      true
    // A prefix that is removed has the second flag alone.
    case SLOT_CAPTURE.rawValue: flags & 3 != 2
    // One that adds in front has a flag.
    case SLOT_CONCATENATE.rawValue: flags == 0
    default: false
    }
  }
}
