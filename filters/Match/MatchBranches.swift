import CDataPath
import FilterKit

/// What `Match` does in one direction: a key, the branches in their order, and what runs when none is equal.
struct MatchBranches: Sendable {
  /// Without anything that is counted by reference: a batch asks every branch.
  private struct Branch: BitwiseCopyable, Sendable {
    /// Nil where the value is in `large`.
    let value: MatchValue?
    /// The place of the filter in `nodes`.
    let node: Int
    let counter: Counter
  }

  /// For a direction in which `Match` does nothing.
  static let none = MatchBranches()
  var isNone: Bool { otherwiseCounter == nil }
  private let key: MetadataKey
  private let branches: [Branch]
  /// By the branch, values that do not fit `MatchValue`: lists, and long strings.
  private let large: [ComparableConstant?]
  /// The filters of the branches, and last that for no equal value.
  private let nodes: [FilterNode]
  private let otherwiseCounter: Counter?

  private init() {
    key = MetadataKey(index: 0)
    branches = []
    large = []
    nodes = []
    otherwiseCounter = nil
  }

  init(_ options: inout Options, _ context: inout FilterContext, _ direction: Direction) {
    let name = options.string("metadataKey")
    key = context.key(name)
    if direction == .write, options.has("metadataKey") {
      context.require(key, on: .write, at: options.mark(of: "metadataKey"))
    }
    var nodes: [FilterNode] = []
    var large: [ComparableConstant?] = []
    branches = options.list("branches") { branch in
      let constant = branch.value("value")
      let label = branch.optionalString("label") ?? "\(large.count)"
      let value = MatchValue(constant)
      large.append(value == nil ? ComparableConstant(constant) : nil)
      let node = nodes.count
      // Without a filter the configuration is refused.
      if let filter = context.filter(in: &branch) { nodes.append(filter) }
      return Branch(value: value, node: node, counter: Self.counter(context, label, direction))
    }
    otherwiseCounter = Self.counter(context, "fallthrough", direction)
    let written = options.object("fallthrough") { context.filter(in: &$0) }
    let otherwise = options.has("fallthrough") ? written ?? nil : context.filter(named: Drop.name, at: options.mark)
    if let otherwise { nodes.append(otherwise) }
    self.nodes = nodes
    self.large = large
  }

  private static func counter(_ context: FilterContext, _ branch: String, _ direction: Direction) -> Counter {
    context.counter(
      "proxy_match_total", help: "Packets by the branch of Match that they took.",
      labels: [("branch", branch), ("direction", "\(direction)")])
  }

  func run(_ direction: Direction, _ batch: inout PacketBatch) {
    guard let otherwiseCounter else { return }
    var rest = dropWithoutValue(&batch)
    var index = 0
    while rest != 0, index < branches.count {
      let chosen = equal(rest, to: index, batch)
      // What a branch does to its packets cannot bring them into a later branch: they are not asked again.
      if chosen != 0 {
        rest &= ~chosen
        Self.count(chosen, branches[index].counter, &batch)
        batch.withOnly(chosen) { batch in nodes.run(branches[index].node, direction, &batch) }
      }
      index &+= 1
    }
    guard rest != 0 else { return }
    Self.count(rest, otherwiseCounter, &batch)
    batch.withOnly(rest) { batch in nodes.run(nodes.count &- 1, direction, &batch) }
  }

  /// Drops the packets that have nothing under the key; gives back the others.
  private func dropWithoutValue(_ batch: inout PacketBatch) -> UInt64 {
    var rest = batch.livePackets
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      if batch.packet(index).kind(of: key) == .none { batch.drop(index, .matchNoMetadata) }
    }
    return batch.livePackets
  }

  /// Those of `packets` whose value equals that of a branch.
  private func equal(_ packets: UInt64, to branch: Int, _ batch: borrowing PacketBatch) -> UInt64 {
    // The kind of value is asked once, so that the loops over packets touch no reference count.
    if let value = branches[branch].value {
      return Self.select(packets, batch) { packet in MatchProgram.equals(&packet, key, value) }
    }
    if let large = large[branch] {
      return Self.select(packets, batch) { packet in packet.value(of: key, equals: large) }
    }
    return 0
  }

  @inline(__always) private static func select(
    _ packets: UInt64, _ batch: borrowing PacketBatch, _ condition: (inout Packet) -> Bool
  ) -> UInt64 {
    var rest = packets
    var chosen: UInt64 = 0
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      var packet = batch.packet(index)
      if condition(&packet) { chosen |= 1 &<< UInt64(truncatingIfNeeded: index) }
    }
    return chosen
  }

  /// A slot for each branch, which goes on at the next branch where the value is another; behind it the branch's filter and a jump
  /// past all others.
  func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    guard let otherwiseCounter else { return }
    guard !branches.isEmpty else { throw KernelRefusal("it has no branches") }
    let key = try image.place(reading: key)
    var ends: [Int] = []
    var isFirst = true
    for branch in branches {
      guard let value = branch.value else {
        throw KernelRefusal("it compares with a list, or with more than \(MatchValue.maximumSize) bytes")
      }
      let counter = try image.number(of: branch.counter)
      let question = try image.append {
        value.encode(into: &$0, key: key, isFirst: isFirst)
        $0.counter = counter
      }
      isFirst = false
      try image.append(branch: nodes[branch.node])
      ends.append(try image.append { $0.kind = UInt8(SLOT_JUMP.rawValue) })
      image.landHere(from: question)
    }
    let counter = try image.number(of: otherwiseCounter)
    let passing = try image.append {
      $0.kind = UInt8(SLOT_JUMP.rawValue)
      $0.counter = counter
    }
    image.landHere(from: passing)
    try image.append(branch: nodes[nodes.count - 1])
    for end in ends { image.landHere(from: end) }
  }

  private static func count(_ packets: UInt64, _ counter: Counter, _ batch: inout PacketBatch) {
    batch.packet(packets.trailingZeroBitCount).add(UInt64(packets.nonzeroBitCount), to: counter)
  }
}

extension MatchValue {
  /// Nil for a list and for a string of more than 32 bytes.
  init?(_ constant: MetadataConstant) {
    switch constant {
    case .bool(let value): self.init(kind: .bool, size: 0, word0: value ? 1 : 0, word1: 0, word2: 0, word3: 0)
    case .number(let value): self.init(kind: .number, size: 0, word0: value, word1: 0, word2: 0, word3: 0)
    case .string(let text):
      let bytes = Array(text.utf8)
      guard bytes.count <= Self.maximumSize else { return nil }
      let words = stride(from: 0, to: 32, by: 8).map { at in
        bytes.dropFirst(at).prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      }
      self.init(
        kind: .bytes, size: UInt32(bytes.count), word0: words[0], word1: words[1], word2: words[2], word3: words[3])
    case .list: return nil
    }
  }
}
