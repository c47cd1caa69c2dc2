/// Runs a program on what is known of it beforehand, and writes down what is left to do: polyvariant partial evaluation.
///
/// A block is written once for each set of constants with which it is reached, as the verifier walks it, so that what one way
/// through the program knows is not lost where it meets another. `limit` bounds that; beyond it a block is written for what all
/// further ways have in common. Never a step is taken of which less is known to the verifier than before: checks of bounds stay.
struct PartialEvaluator {
  /// What is known of the program's surroundings.
  struct Facts {
    /// The bytes of the frozen map, and its descriptor.
    let image: [UInt8]
    let imageDescriptor: Int32
    /// The sizes of the maps' keys and values, by descriptor.
    let keySizes: [Int32: Int]
    var valueSizes: [Int32: Int] = [:]
  }

  /// One way in which a block is written.
  private struct Variant {
    let block: Int32
    /// What was written. It leads to other variants.
    var code = FlowGraph.Block(start: 0, end: 0)
    var hash: UInt64
    var isPending = true
    /// The variant of the same block before this one.
    let before: Int32
  }

  private let graph: FlowGraph
  private let limit: Int
  private let live: Liveness?

  private var variants: [Variant] = []
  /// The states in which variants begin, one behind the other.
  private var entries: [AbstractValue] = []
  /// By block: the variant written last, how many there are, and its place in the order of work.
  private var latest: [Int32]
  private var counts: [Int32]
  private var rank: [Int32]
  /// The blocks in the order of work, those that wait, and the first that may.
  private let order: [Int32]
  private var waits: [Bool]
  private var cursor = 0

  private var writer: ResidueWriter
  /// The state in which a block is reached, less what the block does not read.
  private var arriving = [AbstractValue](repeating: .unknown, count: AbstractState.valueCount)
  private var entryOfFunction: [Int32]

  private init(_ graph: FlowGraph, _ facts: Facts, _ live: Liveness?, limit: Int) {
    self.graph = graph
    writer = ResidueWriter(
      facts, parameters: graph.functions.map { 0x3e & (live?.atStart[Int($0)].registers ?? .max) })
    self.live = live
    self.limit = limit
    order = graph.postorder().reversed()
    latest = [Int32](repeating: -1, count: graph.blocks.count)
    counts = [Int32](repeating: 0, count: graph.blocks.count)
    rank = [Int32](repeating: 0, count: graph.blocks.count)
    for (place, block) in order.enumerated() { rank[Int(block)] = Int32(place) }
    waits = [Bool](repeating: false, count: graph.blocks.count)
    entryOfFunction = [Int32](repeating: -1, count: graph.functions.count)
  }

  /// What is left of a program. Blocks that nothing reaches are gone. Nil where it does what is not known here, or where more than
  /// four times as many instructions as there is room for are written: some of them nobody needs.
  static func residue(
    of graph: FlowGraph, _ facts: Facts, _ live: Liveness? = nil, limit: Int, room: Int = .max
  ) -> FlowGraph? {
    var evaluator = Self(graph, facts, live, limit: limit)
    evaluator.enter(function: 0)
    while let block = evaluator.nextBlock() {
      if evaluator.writer.output.count / 4 > room { return nil }
      var variant = evaluator.latest[block]
      while variant >= 0 {
        if evaluator.variants[Int(variant)].isPending, !evaluator.write(Int(variant)) { return nil }
        variant = evaluator.variants[Int(variant)].before
      }
    }
    return evaluator.collected()
  }

  // MARK: - The order of work

  private mutating func nextBlock() -> Int? {
    while cursor < order.count {
      let block = Int(order[cursor])
      if waits[block] {
        waits[block] = false
        return block
      }
      cursor += 1
    }
    return nil
  }

  private mutating func wait(_ block: Int) {
    waits[block] = true
    cursor = min(cursor, Int(rank[block]))
  }

  private mutating func enter(function: Int) {
    guard entryOfFunction[function] < 0 else { return }
    // What a caller hands over may be its own stack, but never that of the function.
    writer.state = AbstractState()
    entryOfFunction[function] = arrive(Int(graph.functions[function]))
  }

  /// The variant of a block for the state in which it is reached.
  private mutating func arrive(_ block: Int) -> Int32 {
    let hash = arrivingState(at: block)
    var variant = latest[block]
    while variant >= 0 {
      if variants[Int(variant)].hash == hash, isEntry(Int(variant)) {
        join(Int(variant), block)
        return variant
      }
      variant = variants[Int(variant)].before
    }
    if counts[block] == Int32(limit) {
      // No state is looked for under this: it only grows from here on.
      if join(Int(latest[block]), block) { variants[Int(latest[block])].hash = 0 }
      return latest[block]
    }
    counts[block] += 1
    variants.append(Variant(block: Int32(block), hash: hash, before: latest[block]))
    latest[block] = Int32(variants.count - 1)
    entries.append(contentsOf: arriving)
    wait(block)
    return latest[block]
  }

  /// Brings what a block may read of the state to `arriving`, and gives its hash.
  private mutating func arrivingState(at block: Int) -> UInt64 {
    var registers = UInt16.max
    var words = UInt128.max
    if let live {
      registers = live.atStart[block].registers
      words = live.atStart[block].stackWords
    }
    var hash: UInt64 = 0
    for index in 0..<AbstractState.valueCount {
      let isLive =
        index < AbstractState.registerCount
        ? registers &>> UInt16(index) & 1 != 0 : words &>> UInt128(index - AbstractState.registerCount) & 1 != 0
      let value = isLive ? writer.state.values[index] : .unknown
      arriving[index] = value
      if value.kind != .unknown {
        hash = (hash ^ value.bits &+ UInt64(index) &<< 8 &+ UInt64(value.kind.rawValue)) &* 0x9e37_79b9_7f4a_7c15
        hash ^= hash &>> 29
      }
    }
    return hash
  }

  private func isEntry(_ variant: Int) -> Bool {
    let base = variant * AbstractState.valueCount
    for index in 0..<AbstractState.valueCount where !entries[base + index].isSameWay(as: arriving[index]) {
      return false
    }
    return true
  }

  /// Lets a variant take in one more state. Whether it knows less than before.
  @discardableResult private mutating func join(_ variant: Int, _ block: Int) -> Bool {
    let base = variant * AbstractState.valueCount
    var changed = false
    for index in 0..<AbstractState.valueCount where entries[base + index] != arriving[index] {
      let joined = entries[base + index].joined(with: arriving[index])
      if joined != entries[base + index] {
        entries[base + index] = joined
        changed = true
      }
    }
    if changed {
      variants[variant].isPending = true
      wait(block)
    }
    return changed
  }

  // MARK: - Writing

  private mutating func write(_ variant: Int) -> Bool {
    let base = variant * AbstractState.valueCount
    for index in 0..<AbstractState.valueCount { writer.state.values[index] = entries[base + index] }
    variants[variant].isPending = false
    let block = graph.blocks[Int(variants[variant].block)]
    var code = block
    code.start = writer.beginBlock()
    for index in Int(block.start)..<Int(block.end) {
      let instruction = graph.instructions[index]
      if block.branch >= 0, index == Int(block.end) - 1 {
        if let isTaken = writer.writeCondition(instruction) {
          if isTaken { code.next = block.branch }
          code.branch = -1
          // With this image no packet goes another way.
          (code.branchIsRare, code.nextIsRare) = (false, false)
        }
      } else if !writer.write(instruction) {
        return false
      }
    }
    code.end = Int32(writer.output.count)
    if code.branch >= 0 { code.branch = arrive(Int(code.branch)) }
    if code.next >= 0 { code.next = arrive(Int(code.next)) }
    variants[variant].code = code
    for function in writer.takeFunctions() { enter(function: function) }
    return true
  }

  // MARK: - The result

  /// Those that the program comes to, and the functions that it calls.
  private func reachedVariants() -> [Bool] {
    var reached = [Bool](repeating: false, count: variants.count)
    var open: [Int32] = []
    func reach(_ variant: Int32) {
      guard variant >= 0, !reached[Int(variant)] else { return }
      reached[Int(variant)] = true
      open.append(variant)
    }
    reach(entryOfFunction[0])
    while let variant = open.popLast() {
      let code = variants[Int(variant)].code
      reach(code.branch)
      reach(code.next)
      for instruction in writer.output[Int(code.start)..<Int(code.end)] where instruction.isFunctionReference {
        reach(entryOfFunction[Int(instruction.immediate)])
      }
    }
    return reached
  }

  private func collected() -> FlowGraph {
    let reached = reachedVariants()
    var result = FlowGraph()
    var number = [Int32](repeating: -1, count: variants.count)
    // By the block that they came from, so that what was kept off the straight way stays off it.
    var sorted: [Int32] = []
    for block in graph.blocks.indices {
      var variant = latest[block]
      let first = sorted.count
      while variant >= 0 {
        if reached[Int(variant)] { sorted.append(variant) }
        variant = variants[Int(variant)].before
      }
      sorted[first...].reverse()
    }
    for (place, variant) in sorted.enumerated() { number[Int(variant)] = Int32(place) }
    var functionNumber = [Int32](repeating: -1, count: graph.functions.count)
    for (function, entry) in entryOfFunction.enumerated() where entry >= 0 && reached[Int(entry)] {
      functionNumber[function] = Int32(result.functions.count)
      result.functions.append(number[Int(entry)])
      result.functionOrigins.append(graph.functionOrigins[function])
    }
    for variant in sorted {
      let code = variants[Int(variant)].code
      var block = code
      block.start = Int32(result.instructions.count)
      for var instruction in writer.output[Int(code.start)..<Int(code.end)] {
        if instruction.isFunctionReference {
          instruction.immediate = functionNumber[Int(instruction.immediate)]
        }
        result.instructions.append(instruction)
      }
      block.end = Int32(result.instructions.count)
      if code.branch >= 0 { block.branch = number[Int(code.branch)] }
      if code.next >= 0 { block.next = number[Int(code.next)] }
      result.blocks.append(block)
    }
    return result
  }
}
