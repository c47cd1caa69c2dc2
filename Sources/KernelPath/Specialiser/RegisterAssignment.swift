/// Gives values that the compiler put aside on the stack a register, where one is free for as long as they are needed: in what is
/// left of the program there are fewer values than there were. What stays on the stack moves together.
///
/// It goes on from registers that are right and changes one web after the other, so it can stop anywhere.
struct RegisterAssignment {
  /// How many webs may move to make room for another one.
  private static let moveLimit = 4
  private static let callSaved: UInt16 = 0x3c0

  private(set) var graph: FlowGraph
  var webs: ValueWebs
  var definitions: WebDefinitions
  let weights: BlockWeights
  /// By web, its register; -1 for one on the stack.
  private(set) var registers: [Int8]
  /// By gap, a bit for each register that is taken, and by gap and register, the web that has it; -2 for one that a call changes.
  private(set) var taken: [UInt16]
  private(set) var owners: [Int32]
  /// By web, the one that it became part of; itself before that.
  var successors: [Int32]
  /// By web, how much is won if it is in a register.
  private var gains: [Float]
  /// By web, whether all that is written to it has no more than 32 bits.
  var isHalf: [Bool]
  /// By gap, the number of the last web that left a mark there.
  var marks: [Int32]
  var stamp: Int32 = 0

  private init?(_ graph: FlowGraph) {
    guard !graph.functions.isEmpty, let webs = ValueWebs(graph) else { return nil }
    self.graph = graph
    self.webs = webs
    weights = BlockWeights(graph)
    registers = webs.places.map { $0 < ValueWebs.registers ? Int8($0) : -1 }
    taken = [UInt16](repeating: 0, count: webs.gapCount)
    owners = [Int32](repeating: -1, count: webs.gapCount * ValueWebs.registers)
    gains = [Float](repeating: 0, count: webs.count)
    isHalf = [Bool](repeating: true, count: webs.count)
    definitions = WebDefinitions(graph, webs)
    successors = Array(0..<Int32(webs.count))
    marks = [Int32](repeating: 0, count: webs.gapCount)
  }

  static func run(_ graph: FlowGraph) -> FlowGraph {
    guard var pass = Self(graph) else { return graph }
    pass.begin()
    // What is one web after the first round leaves room for others.
    for _ in 0..<2 {
      pass.takeOffStack()
      pass.joinMoves()
    }
    pass.rewrite()
    return pass.graph
  }

  // MARK: - Who has which register where

  private mutating func begin() {
    for gap in webs.callGaps {
      taken[Int(gap)] |= 0x3e
      for register in 1..<6 { owners[Int(gap) * ValueWebs.registers + register] = -2 }
    }
    for web in 0..<webs.count where registers[web] >= 0 { take(Int32(web), UInt8(registers[web])) }
    for block in webs.blocks {
      for index in Int(graph.blocks[Int(block)].start)..<Int(graph.blocks[Int(block)].end) {
        if webs.words[index] >= 0 { gains[Int(webs.words[index])] += weights[block] }
      }
    }
    findHalves()
  }

  private mutating func findHalves() {
    var changed = true
    while changed {
      changed = false
      for block in webs.blocks {
        for index in Int(graph.blocks[Int(block)].start)..<Int(graph.blocks[Int(block)].end) {
          let instruction = graph.instructions[index]
          let isStore =
            instruction.code & Opcode.classMask == Opcode.storeRegister
            || instruction.code & Opcode.classMask == Opcode.storeImmediate
          let written = isStore ? webs.words[index] : webs.destinations[index]
          guard written >= 0, isHalf[Int(written)], !givesHalf(instruction, index) else { continue }
          isHalf[Int(written)] = false
          changed = true
        }
      }
      for (web, place) in webs.places.enumerated() where place < ValueWebs.registers && webs.isPinned[web] {
        // What comes from outside.
        if isHalf[web] { (isHalf[web], changed) = (false, true) }
      }
    }
  }

  /// Whether what an instruction writes has no more than 32 bits.
  private func givesHalf(_ instruction: Instruction, _ index: Int) -> Bool {
    let code = instruction.code
    switch code & Opcode.classMask {
    case Opcode.arithmetic32: return code & Opcode.operationMask != Opcode.byteOrder || instruction.immediate <= 32
    case Opcode.arithmetic64:
      guard code & Opcode.operationMask == Opcode.move, instruction.offset == 0 else { return false }
      guard code & Opcode.registerOperand != 0 else { return instruction.immediate >= 0 }
      return webs.sources[index] >= 0 && isHalf[Int(webs.sources[index])]
    case Opcode.loadRegister:
      guard code & Opcode.modeMask == Opcode.memory else { return false }
      if Opcode.bytes(code) <= 4 { return true }
      return webs.words[index] >= 0 && isHalf[Int(webs.words[index])]
    case Opcode.storeImmediate: return Opcode.bytes(code) == 4 || instruction.immediate >= 0
    case Opcode.storeRegister:
      return Opcode.bytes(code) == 4 || webs.sources[index] >= 0 && isHalf[Int(webs.sources[index])]
    // Conditional jumps write nothing.
    case Opcode.jump, Opcode.jump32: return true
    default: return false
    }
  }

  mutating func take(_ web: Int32, _ register: UInt8) {
    registers[Int(web)] = Int8(register)
    for gap in webs.gaps(of: web) {
      taken[Int(gap)] |= 1 &<< UInt16(register)
      owners[Int(gap) * ValueWebs.registers + Int(register)] = web
    }
  }

  mutating func leave(_ web: Int32) {
    let register = Int(registers[Int(web)])
    for gap in webs.gaps(of: web) {
      taken[Int(gap)] &= ~(1 &<< UInt16(register))
      owners[Int(gap) * ValueWebs.registers + register] = -1
    }
  }

  /// The web that one is part of.
  func current(_ web: Int32) -> Int32 {
    var web = web
    while successors[Int(web)] != web { web = successors[Int(web)] }
    return web
  }

  /// The registers that nobody has where a web is needed.
  func free(for web: Int32) -> UInt16 {
    var taken: UInt16 = 0
    for gap in webs.gaps(of: web) { taken |= self.taken[Int(gap)] }
    return ~taken & 0x3ff
  }

  // MARK: - From the stack

  private mutating func takeOffStack() {
    let onStack = (0..<Int32(webs.count)).filter { registers[Int($0)] < 0 && !webs.gaps(of: $0).isEmpty }
    // What is read often for a short time comes first.
    let order = onStack.sorted { left, right in
      let (a, b) = (gains[Int(left)], gains[Int(right)])
      return a != b ? a > b : left < right
    }
    for web in order {
      let free = free(for: web)
      if free != 0 {
        // Those that calls leave alone are for values that need them.
        take(web, UInt8(((free & ~Self.callSaved) != 0 ? free & ~Self.callSaved : free).trailingZeroBitCount))
      } else {
        makeRoom(for: web)
      }
    }
  }

  /// Moves others out of one register where that can be done.
  private mutating func makeRoom(for web: Int32) {
    for register in (UInt8(0)..<10).reversed() {
      guard let others = owners(of: register, where: web) else { continue }
      var moved: [(web: Int32, register: UInt8)] = []
      for other in others {
        let free = free(for: other) & ~(1 &<< UInt16(register))
        guard free != 0 else { break }
        moved.append((other, register))
        leave(other)
        take(other, UInt8(free.trailingZeroBitCount))
      }
      if moved.count == others.count {
        take(web, register)
        return
      }
      for back in moved.reversed() {
        leave(back.web)
        take(back.web, back.register)
      }
    }
  }

  /// The webs that have a register where another one is needed; nil where they cannot move, or are too many.
  private func owners(of register: UInt8, where web: Int32) -> [Int32]? {
    var others: [Int32] = []
    for gap in webs.gaps(of: web) {
      let owner = owners[Int(gap) * ValueWebs.registers + Int(register)]
      if owner == -1 || others.contains(owner) { continue }
      guard owner >= 0, !webs.isPinned[Int(owner)], others.count < Self.moveLimit else { return nil }
      others.append(owner)
    }
    return others
  }

  // MARK: - The result

  private mutating func rewrite() {
    let offsets = offsetsOnStack()
    for block in webs.blocks {
      for index in Int(graph.blocks[Int(block)].start)..<Int(graph.blocks[Int(block)].end) {
        var instruction = graph.instructions[index]
        if webs.destinations[index] >= 0 {
          instruction.destination = UInt8(registers[Int(current(webs.destinations[index]))])
        }
        if webs.sources[index] >= 0 {
          instruction.source = UInt8(registers[Int(current(webs.sources[index]))])
        }
        if webs.words[index] >= 0 {
          let word = current(webs.words[index])
          if registers[Int(word)] >= 0 {
            instruction = copy(instruction, of: UInt8(registers[Int(word)]), index)
          } else {
            instruction.offset = offsets[Int(word)]
            instruction.touch = .access(offsets[Int(word)])
          }
        }
        graph.instructions[index] = instruction
      }
    }
  }

  /// A load or store of the stack with a register in place of the word.
  private func copy(_ instruction: Instruction, of register: UInt8, _ index: Int) -> Instruction {
    let isWord = Opcode.bytes(instruction.code) == 4
    var move = Instruction(code: Opcode.arithmetic64 | Opcode.move | Opcode.registerOperand, origin: instruction.origin)
    switch instruction.code & Opcode.classMask {
    case Opcode.loadRegister:
      (move.destination, move.source) = (instruction.destination, register)
      if isWord, !isHalf[Int(current(webs.words[index]))] {
        move.code = Opcode.arithmetic32 | Opcode.move | Opcode.registerOperand
      }
    case Opcode.storeRegister:
      (move.destination, move.source) = (register, instruction.source)
      let isHalved = webs.sources[index] < 0 || !isHalf[Int(current(webs.sources[index]))]
      if isWord, isHalved { move.code = Opcode.arithmetic32 | Opcode.move | Opcode.registerOperand }
    default:
      move.code = (isWord ? Opcode.arithmetic32 : Opcode.arithmetic64) | Opcode.move
      move.destination = register
      move.immediate = instruction.immediate
    }
    return move
  }

  /// By web that stays on the stack, where: from the top down, since what is near takes shorter instructions.
  private func offsetsOnStack() -> [Int16] {
    let old = webs.places.map { $0 < ValueWebs.registers ? 0 : webs.offsets[Int($0) - ValueWebs.registers] }
    var offsets = old
    let onStack = (0..<Int32(webs.count)).filter { registers[Int($0)] < 0 && !webs.gaps(of: $0).isEmpty }
    var words = (0..<webs.isShared.count).reversed().filter { !webs.isShared[$0] }[...]
    var rows: [(offset: Int16, isTaken: [Bool])] = []
    for web in onStack.sorted(by: { gains[Int($0)] > gains[Int($1)] }) {
      var row = rows.indices.first { row in webs.gaps(of: web).allSatisfy { !rows[row].isTaken[Int($0)] } }
      if row == nil, let word = words.popFirst() {
        rows.append((Int16(8 * word - AbstractState.stackBytes), [Bool](repeating: false, count: webs.gapCount)))
        row = rows.count - 1
      }
      // Where they do not fit, all stay.
      guard let row else { return old }
      for gap in webs.gaps(of: web) { rows[row].isTaken[Int(gap)] = true }
      offsets[Int(web)] = rows[row].offset
    }
    return offsets
  }
}
