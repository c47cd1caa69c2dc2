import CDataPath
import FilterKit

/// What `Match` does in one direction: a key, the branches in their order, and what runs when none is equal.
struct MatchBranches: Sendable {
  private struct Branch: Sendable {
    let value: MatchValue?
    /// The value where it does not fit `MatchValue`: a list, or a long string.
    let large: ComparableConstant?
    let node: FilterNode?
    let counter: Counter
  }

  private let key: MetadataKey
  private let branches: [Branch]
  private let otherwise: FilterNode?
  private let otherwiseCounter: Counter

  init(_ options: inout Options, _ context: inout FilterContext, _ direction: Direction) {
    let name = options.string("metadataKey")
    key = context.key(name)
    if direction == .write, options.has("metadataKey") {
      context.require(key, on: .write, at: options.mark(of: "metadataKey"))
    }
    var index = 0
    branches = options.list("branches") { branch in
      defer { index += 1 }
      return Self.branch(&branch, &context, index: index, direction)
    }
    otherwiseCounter = Self.counter(context, "fallthrough", direction)
    let written = options.object("fallthrough") { context.filter(in: &$0) }
    if options.has("fallthrough") {
      otherwise = written ?? nil
    } else {
      otherwise = context.filter(named: Drop.name, at: options.mark)
    }
  }

  private static func branch(
    _ options: inout Options, _ context: inout FilterContext, index: Int, _ direction: Direction
  ) -> Branch {
    let constant = options.value("value")
    let counter = counter(context, options.optionalString("label") ?? "\(index)", direction)
    let value = MatchValue(constant)
    return Branch(
      value: value, large: value == nil ? ComparableConstant(constant) : nil, node: context.filter(in: &options),
      counter: counter)
  }

  private static func counter(_ context: FilterContext, _ branch: String, _ direction: Direction) -> Counter {
    context.counter(
      "proxy_match_total", help: "Packets by the branch of Match that they took.",
      labels: [("branch", branch), ("direction", "\(direction)")])
  }

  func run(_ direction: Direction, _ batch: inout PacketBatch) {
    var rest = dropWithoutValue(&batch)
    var index = 0
    while rest != 0, index < branches.count {
      let chosen = equal(rest, to: index, batch)
      // What a branch does to its packets cannot bring them into a later branch: they are not asked again.
      if chosen != 0 {
        rest &= ~chosen
        Self.count(chosen, branches[index].counter, &batch)
        batch.withOnly(chosen) { batch in branches[index].node?.run(direction, &batch) }
      }
      index &+= 1
    }
    guard rest != 0 else { return }
    Self.count(rest, otherwiseCounter, &batch)
    batch.withOnly(rest) { batch in otherwise?.run(direction, &batch) }
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
    if let large = branches[branch].large {
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
      if let node = branch.node { try image.append(node) }
      ends.append(try image.append { $0.kind = UInt8(SLOT_JUMP.rawValue) })
      image.landHere(from: question)
    }
    let counter = try image.number(of: otherwiseCounter)
    let passing = try image.append {
      $0.kind = UInt8(SLOT_JUMP.rawValue)
      $0.counter = counter
    }
    image.landHere(from: passing)
    if let otherwise { try image.append(otherwise) }
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
