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
    var code: Range<Int32> = 0..<0
    var branch: Int32 = -1
    var next: Int32 = -1
    var hash: UInt64
    var isPending = true
    /// The variant of the same block before this one.
    let before: Int32
  }

  private let graph: FlowGraph
  private let facts: Facts
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

  private var state = AbstractState()
  /// The state in which a block is reached, less what the block does not read.
  private var arriving = [AbstractValue](repeating: .unknown, count: AbstractState.valueCount)
  private var output: [Instruction] = []
  /// Where the block begins that is being written.
  private var start: Int32 = 0
  private var entryOfFunction: [Int32]

  private init(_ graph: FlowGraph, _ facts: Facts, _ live: Liveness?, limit: Int) {
    self.graph = graph
    self.facts = facts
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

  /// What is left of a program. Blocks that nothing reaches are gone. Nil where it does what is not known here.
  static func residue(of graph: FlowGraph, _ facts: Facts, _ live: Liveness? = nil, limit: Int) -> FlowGraph? {
    var evaluator = Self(graph, facts, live, limit: limit)
    evaluator.enter(function: 0)
    while let block = evaluator.nextBlock() {
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
    let kept = state
    // What a caller hands over may be its own stack, but never that of the function.
    state = AbstractState()
    entryOfFunction[function] = arrive(Int(graph.functions[function]))
    state = kept
  }

  /// The variant of a block for the state in which it is reached.
  private mutating func arrive(_ block: Int) -> Int32 {
    let hash = arrivingState(at: block)
    var variant = latest[block]
    while variant >= 0 {
      if variants[Int(variant)].hash == hash, isEntry(Int(variant)) { return variant }
      variant = variants[Int(variant)].before
    }
    if counts[block] == Int32(limit) { return widen(Int(latest[block]), block) }
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
    var words = UInt64.max
    if let live {
      registers = live.atStart[block].registers
      words = live.atStart[block].stackWords
    }
    var hash: UInt64 = 0
    for index in 0..<AbstractState.valueCount {
      let isLive =
        index < AbstractState.registerCount
        ? registers &>> UInt16(index) & 1 != 0 : words &>> UInt64(index - AbstractState.registerCount) & 1 != 0
      let isKnown = isLive && state.values[index].kind != .unknown
      let value = isKnown ? state.values[index] : .unknown
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
    for index in 0..<AbstractState.valueCount where entries[base + index] != arriving[index] { return false }
    return true
  }

  /// Lets a variant take in one more state.
  private mutating func widen(_ variant: Int, _ block: Int) -> Int32 {
    let base = variant * AbstractState.valueCount
    var changed = false
    for index in 0..<AbstractState.valueCount {
      let joined = entries[base + index].joined(with: arriving[index])
      if joined != entries[base + index] {
        entries[base + index] = joined
        changed = true
      }
    }
    if changed {
      // No state is looked for under this: it only grows from here on.
      variants[variant].hash = 0
      variants[variant].isPending = true
      wait(block)
    }
    return Int32(variant)
  }

  // MARK: - Writing

  private mutating func write(_ variant: Int) -> Bool {
    let base = variant * AbstractState.valueCount
    for index in 0..<AbstractState.valueCount { state.values[index] = entries[base + index] }
    variants[variant].isPending = false
    let block = graph.blocks[Int(variants[variant].block)]
    start = Int32(output.count)
    var (branch, next) = (block.branch, block.next)
    for index in Int(block.start)..<Int(block.end) {
      let instruction = graph.instructions[index]
      if branch >= 0, index == Int(block.end) - 1 {
        if let isTaken = writeCondition(instruction) {
          if isTaken { next = branch }
          branch = -1
        }
      } else if !write(instruction) {
        return false
      }
    }
    variants[variant].code = start..<Int32(output.count)
    if branch >= 0 {
      let place = arrive(Int(branch))
      variants[variant].branch = place
    } else {
      variants[variant].branch = -1
    }
    let place = next >= 0 ? arrive(Int(next)) : -1
    variants[variant].next = place
    return true
  }

  /// False for what is not known here.
  private mutating func write(_ instruction: Instruction) -> Bool {
    let code = instruction.code
    switch code & Opcode.classMask {
    case Opcode.arithmetic32, Opcode.arithmetic64: writeArithmetic(instruction)
    case Opcode.load: writeWideLoad(instruction)
    case Opcode.loadRegister: writeLoad(instruction)
    case Opcode.storeImmediate, Opcode.storeRegister:
      switch code & Opcode.modeMask {
      case Opcode.memory: writeStore(instruction)
      case Opcode.atomic: return writeAtomic(instruction)
      default: return false
      }
    default:
      if code == Opcode.call {
        writeCall(instruction)
      } else {
        output.append(instruction)
      }
    }
    return true
  }

  private mutating func writeConstant(_ bits: UInt64, to register: UInt8, _ origin: Int32) {
    state[register] = .constant(bits)
    var instruction = Instruction(code: Opcode.arithmetic64 | Opcode.move, origin: origin)
    instruction.destination = register
    if let immediate = Self.immediate(bits, isWide: true) {
      instruction.immediate = immediate
    } else if bits <= UInt64(UInt32.max) {
      instruction.code = Opcode.arithmetic32 | Opcode.move
      instruction.immediate = Int32(truncatingIfNeeded: bits)
    } else {
      instruction.code = Opcode.wideLoad
      instruction.immediate = Int32(truncatingIfNeeded: bits)
      instruction.upper = Int32(truncatingIfNeeded: bits &>> 32)
    }
    output.append(instruction)
  }

  /// A constant as an operand: in 64 bits it is sign extended.
  private static func immediate(_ bits: UInt64, isWide: Bool) -> Int32? {
    isWide ? Int32(exactly: Int64(bitPattern: bits)) : Int32(truncatingIfNeeded: bits)
  }

  private mutating func writeArithmetic(_ instruction: Instruction) {
    let code = instruction.code
    let isWide = code & Opcode.classMask == Opcode.arithmetic64
    let operation = code & Opcode.operationMask
    let destination = instruction.destination
    let old = state[destination]
    if operation == Opcode.byteOrder {
      if !isWide, let bits = old.constant,
        let result = ConstantArithmetic.byteOrder(
          bits, toBigEndian: code & Opcode.registerOperand != 0, bits: instruction.immediate)
      {
        writeConstant(result, to: destination, instruction.origin)
      } else {
        output.append(instruction)
        state[destination] =
          old.mayPointToStack ? .anything : .number(ofWidth: isWide ? 64 : Int(instruction.immediate))
      }
      return
    }
    let hasRegister = code & Opcode.registerOperand != 0
    let operand =
      hasRegister
      ? state[instruction.source] : .constant(UInt64(bitPattern: Int64(instruction.immediate)))
    // With an offset: signed division, and moves that extend a sign.
    guard instruction.offset == 0 else {
      output.append(instruction)
      state[destination] = old.mayPointToStack || operand.mayPointToStack ? .anything : .unknown
      return
    }
    let isUnary = operation == Opcode.move || operation == Opcode.negate
    if let right = operand.constant, let left = operation == Opcode.move ? 0 : old.constant,
      let result = ConstantArithmetic.result(code, left, right)
    {
      writeConstant(result, to: destination, instruction.origin)
      return
    }
    if isWide, operation == Opcode.move {
      output.append(instruction)
      state[destination] = operand
      return
    }
    if !isUnary, let right = operand.constant {
      if Self.changesNothing(operation, right, isWide: isWide, old) { return }
      if isWide, old.kind == .stack || old.kind == .image, operation == Opcode.add || operation == Opcode.subtract {
        state[destination].bits = operation == Opcode.add ? old.bits &+ right : old.bits &- right
        output.append(Self.withImmediate(instruction, right))
        return
      }
      if Self.givesZero(operation, right, isWide: isWide, old) {
        writeConstant(0, to: destination, instruction.origin)
        return
      }
    }
    if joinsShifts(instruction, operand.constant) { return }
    output.append(operand.constant.map { Self.withImmediate(instruction, $0) } ?? instruction)
    if operation != Opcode.move && old.mayPointToStack || operation != Opcode.negate && operand.mayPointToStack {
      state[destination] = .anything
    } else {
      state[destination] = .number(ofWidth: Self.width(operation, old, operand, isWide: isWide))
    }
  }

  /// Whether the result is what was there: in 32 bits only where there are no more.
  private static func changesNothing(
    _ operation: UInt8, _ right: UInt64, isWide: Bool, _ old: AbstractValue
  ) -> Bool {
    let right = isWide ? right : right & 0xffff_ffff
    guard isWide || old.width <= 32 else { return false }
    return switch operation {
    case Opcode.add, Opcode.subtract, Opcode.or, Opcode.exclusiveOr, Opcode.shiftLeft, Opcode.shiftRight: right == 0
    // All that it may have stays.
    case Opcode.and:
      old.kind == .unknown && old.width < 64 && right & (1 &<< UInt64(old.width) &- 1) == 1 &<< UInt64(old.width) &- 1
    default: false
    }
  }

  private static func givesZero(_ operation: UInt8, _ right: UInt64, isWide: Bool, _ old: AbstractValue) -> Bool {
    guard !old.mayPointToStack else { return false }
    return switch operation {
    case Opcode.and, Opcode.multiply: (isWide ? right : right & 0xffff_ffff) == 0
    case Opcode.shiftRight: right < (isWide ? 64 : 32) && old.kind == .unknown && old.width <= right
    default: false
    }
  }

  /// How many bits a result can have that is not known.
  private static func width(
    _ operation: UInt8, _ old: AbstractValue, _ operand: AbstractValue, isWide: Bool
  ) -> Int {
    let right = operand.constant
    let width =
      switch operation {
      case Opcode.move: operand.width
      case Opcode.add: max(old.width, operand.width) + 1
      case Opcode.or, Opcode.exclusiveOr: max(old.width, operand.width)
      case Opcode.and: min(old.width, operand.width)
      case Opcode.shiftLeft: right.map { $0 < 64 ? old.width + Int($0) : 64 } ?? 64
      case Opcode.shiftRight where isWide || old.width <= 32:
        right.map { $0 < (isWide ? 64 : 32) ? max(0, old.width - Int($0)) : old.width } ?? old.width
      default: 64
      }
    return min(width, isWide ? 64 : 32)
  }

  /// Of a shift to the right behind the same to the left, by 32, makes one move of the lower half.
  private mutating func joinsShifts(_ instruction: Instruction, _ right: UInt64?) -> Bool {
    guard right == 32, instruction.code & ~Opcode.registerOperand == Opcode.arithmetic64 | Opcode.shiftRight,
      let last = output.last, Int32(output.count) > start, last.destination == instruction.destination,
      last.code == Opcode.arithmetic64 | Opcode.shiftLeft, last.immediate == 32
    else { return false }
    var move = instruction
    move.code = Opcode.arithmetic32 | Opcode.move | Opcode.registerOperand
    move.source = instruction.destination
    move.immediate = 0
    output[output.count - 1] = move
    state[instruction.destination] = .number(ofWidth: 32)
    return true
  }

  /// With a constant in place of a register, where one fits.
  private static func withImmediate(_ instruction: Instruction, _ bits: UInt64) -> Instruction {
    let isWide =
      instruction.code & Opcode.classMask == Opcode.arithmetic64 || instruction.code & Opcode.classMask == Opcode.jump
    let operation = instruction.code & Opcode.operationMask
    let isArithmetic = [Opcode.arithmetic32, Opcode.arithmetic64].contains(instruction.code & Opcode.classMask)
    guard instruction.code & Opcode.registerOperand != 0, let immediate = immediate(bits, isWide: isWide) else {
      return instruction
    }
    if isArithmetic {
      switch operation {
      // What the verifier refuses as an immediate.
      case Opcode.divide, Opcode.remainder: if immediate == 0 { return instruction }
      case Opcode.shiftLeft, Opcode.shiftRight, Opcode.shiftRightArithmetic:
        if immediate < 0 || immediate >= (isWide ? 64 : 32) { return instruction }
      case Opcode.move: if instruction.offset != 0 { return instruction }
      default: break
      }
    }
    var new = instruction
    new.code &= ~Opcode.registerOperand
    new.source = 0
    new.immediate = immediate
    return new
  }

  private mutating func writeWideLoad(_ instruction: Instruction) {
    let low = UInt64(UInt32(bitPattern: instruction.immediate))
    switch instruction.source {
    case 0:
      writeConstant(
        low | UInt64(UInt32(bitPattern: instruction.upper)) &<< 32, to: instruction.destination, instruction.origin)
      return
    case Opcode.mapDescriptor:
      state[instruction.destination] = AbstractValue(kind: .map, mask: 0, bits: low)
    case Opcode.mapValue where instruction.immediate == facts.imageDescriptor:
      state[instruction.destination] = .image(Int(UInt32(bitPattern: instruction.upper)))
    case Opcode.function:
      state[instruction.destination] = .unknown
      enter(function: Int(instruction.immediate))
    default: state[instruction.destination] = .unknown
    }
    output.append(instruction)
  }

  private mutating func writeLoad(_ instruction: Instruction) {
    let base = state[instruction.source]
    let count = Opcode.bytes(instruction.code)
    let isSigned = instruction.code & Opcode.modeMask != Opcode.memory
    var new = instruction
    var value = AbstractValue.unknown
    switch base.kind {
    case .image:
      if !isSigned, let bits = imageBytes(base.offset + Int(instruction.offset), count) { value = .constant(bits) }
    case .stack:
      let offset = base.offset + Int(instruction.offset)
      new = Self.onStack(new, offset)
      value = isSigned ? .unknown : state.loaded(at: offset, count: count)
    case .anything:
      new.touch = .everything
      value = .anything
    default: break
    }
    if let bits = value.constant {
      writeConstant(bits, to: instruction.destination, instruction.origin)
    } else {
      output.append(new)
      if value.kind == .unknown, !isSigned { value = .number(ofWidth: min(value.width, 8 * count)) }
      state[instruction.destination] = value
    }
  }

  private func imageBytes(_ offset: Int, _ count: Int) -> UInt64? {
    guard offset >= 0, offset + count <= facts.image.count else { return nil }
    var bits: UInt64 = 0
    for byte in 0..<count { bits |= UInt64(facts.image[offset + byte]) &<< UInt64(8 * byte) }
    return bits
  }

  /// An access to the stack by the frame pointer itself.
  private static func onStack(_ instruction: Instruction, _ offset: Int) -> Instruction {
    guard let offset = Int16(exactly: offset) else {
      var new = instruction
      new.touch = .everything
      return new
    }
    var new = instruction
    new.touch = .access(offset)
    new.offset = offset
    if instruction.code & Opcode.classMask == Opcode.loadRegister { new.source = 10 } else { new.destination = 10 }
    return new
  }

  private mutating func writeStore(_ instruction: Instruction) {
    var new = instruction
    let count = Opcode.bytes(instruction.code)
    let isImmediate = instruction.code & Opcode.classMask == Opcode.storeImmediate
    let value =
      isImmediate
      ? .constant(UInt64(bitPattern: Int64(instruction.immediate))) : state[instruction.source]
    if !isImmediate, let bits = value.constant, let immediate = Self.immediate(bits, isWide: count == 8) {
      new.code = new.code & ~Opcode.classMask | Opcode.storeImmediate
      new.source = 0
      new.immediate = immediate
    }
    let base = state[instruction.destination]
    switch base.kind {
    case .stack:
      let offset = base.offset + Int(instruction.offset)
      new = Self.onStack(new, offset)
      state.store(value, at: offset, count: count)
    case .anything:
      new.touch = .everything
      state.forgetStack()
    default: break
    }
    output.append(new)
  }

  private mutating func writeAtomic(_ instruction: Instruction) -> Bool {
    var new = instruction
    let operation = instruction.immediate
    // Those of RFC 9669; loads and stores with an order came with kernel 6.15.
    guard
      [0x00, 0x40, 0x50, 0xa0].contains(operation & ~Opcode.fetch) || operation == Opcode.exchange
        || operation == Opcode.compareAndExchange
    else { return false }
    let base = state[instruction.destination]
    let count = Opcode.bytes(instruction.code)
    switch base.kind {
    case .stack:
      let offset = base.offset + Int(instruction.offset)
      new = Self.onStack(new, offset)
      state.store(.anything, at: offset, count: count)
    case .anything:
      new.touch = .everything
      state.forgetStack()
    default: break
    }
    if operation == Opcode.compareAndExchange {
      state[0] = .anything
    } else if operation & Opcode.fetch != 0 {
      state[instruction.source] = .anything
    }
    output.append(new)
    return true
  }

  private mutating func writeCall(_ instruction: Instruction) {
    var new = instruction
    if instruction.source == 0 {
      let helper = HelperCall(instruction.immediate)
      new.arguments = (1 &<< UInt16(helper.argumentCount) &- 1) &<< 1
      new.touch = touch(of: helper)
    } else {
      new.arguments = 0x3e
      // A function has a stack of its own. Of its caller's it knows what it is given.
      if (UInt8(1)..<6).contains(where: { state[$0].mayPointToStack }) {
        new.touch = .everything
        state.forgetStack()
      }
      if instruction.source == Opcode.callFunction { enter(function: Int(instruction.immediate)) }
    }
    for register in UInt8(0)..<6 { state[register] = .unknown }
    output.append(new)
  }

  /// What a helper reads of the stack. Forgets what it may write.
  private mutating func touch(of helper: HelperCall) -> StackTouch {
    guard helper.argumentCount > 0,
      (1...helper.argumentCount).contains(where: { state[$0].mayPointToStack })
    else { return .nothing }
    let memory = state[2]
    switch helper.memory {
    case .none: return .nothing
    case .key:
      if memory.kind == .stack, state[1].kind == .map, let offset = Int16(exactly: memory.offset),
        let size = facts.keySizes[Int32(truncatingIfNeeded: state[1].offset)]
      {
        return .range(offset, count: Int16(size))
      }
      return .everything
    case .entry:
      // The bytes between both count as read too.
      let value = state[3]
      if memory.kind == .stack, value.kind == .stack, state[1].kind == .map,
        let keySize = facts.keySizes[Int32(truncatingIfNeeded: state[1].offset)],
        let valueSize = facts.valueSizes[Int32(truncatingIfNeeded: state[1].offset)]
      {
        let from = min(memory.offset, value.offset)
        let end = max(memory.offset + keySize, value.offset + valueSize)
        if let offset = Int16(exactly: from), let count = Int16(exactly: end - from) {
          return .range(offset, count: count)
        }
      }
      return .everything
    case .sized:
      if memory.kind == .stack, let size = state[3].constant, size <= UInt64(AbstractState.stackBytes),
        let offset = Int16(exactly: memory.offset)
      {
        state.forget(from: memory.offset, count: Int(size))
        return .range(offset, count: Int16(size))
      }
    case .unknown: break
    }
    state.forgetStack()
    return .everything
  }

  /// Whether a jump is taken, where that is known; writes it otherwise.
  private mutating func writeCondition(_ instruction: Instruction) -> Bool? {
    let code = instruction.code
    let hasRegister = code & Opcode.registerOperand != 0
    let left = state[instruction.destination]
    let right =
      hasRegister ? state[instruction.source] : .constant(UInt64(bitPattern: Int64(instruction.immediate)))
    if let left = left.constant, let right = right.constant { return ConstantArithmetic.isTaken(code, left, right) }
    // Neither is ever null.
    if left.kind == .stack || left.kind == .image, right.constant == 0, code & Opcode.classMask == Opcode.jump {
      if code & Opcode.operationMask == Opcode.equal { return false }
      if code & Opcode.operationMask == Opcode.notEqual { return true }
    }
    if hasRegister, let bits = right.constant {
      output.append(Self.withImmediate(instruction, bits))
    } else if hasRegister, let bits = left.constant,
      let operation = ConstantArithmetic.exchanged(code & Opcode.operationMask)
    {
      var new = instruction
      new.code = code & ~Opcode.operationMask | operation
      new.destination = instruction.source
      new.source = instruction.destination
      output.append(Self.withImmediate(new, bits))
    } else {
      output.append(instruction)
    }
    return nil
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
      reach(variants[Int(variant)].branch)
      reach(variants[Int(variant)].next)
      for index in variants[Int(variant)].code where output[Int(index)].isFunctionReference {
        reach(entryOfFunction[Int(output[Int(index)].immediate)])
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
      let old = variants[Int(variant)]
      var block = FlowGraph.Block(start: Int32(result.instructions.count), end: 0)
      for index in Int(old.code.lowerBound)..<Int(old.code.upperBound) {
        var instruction = output[index]
        if instruction.isFunctionReference {
          instruction.immediate = functionNumber[Int(instruction.immediate)]
        }
        result.instructions.append(instruction)
      }
      block.end = Int32(result.instructions.count)
      block.branch = old.branch < 0 ? -1 : number[Int(old.branch)]
      block.next = old.next < 0 ? -1 : number[Int(old.next)]
      result.blocks.append(block)
    }
    return result
  }
}

extension Instruction {
  /// Whether its immediate is a function.
  var isFunctionReference: Bool {
    code == Opcode.call && source == Opcode.callFunction || isWide && source == Opcode.function
  }
}
