/// Lets what is copied stay where it is.
extension RegisterAssignment {
  /// A copy of one web to another.
  private struct Move {
    let weight: Float
    let from: Int32
    let to: Int32
  }

  mutating func joinMoves() {
    var moves: [Move] = []
    for block in webs.blocks {
      for index in Int(graph.blocks[Int(block)].start)..<Int(graph.blocks[Int(block)].end) {
        guard let move = move(index), move.from != move.to else { continue }
        moves.append(Move(weight: weights[block], from: move.from, to: move.to))
      }
    }
    for move in moves.sorted(by: { $0.weight > $1.weight }) {
      let (from, to) = (current(move.from), current(move.to))
      if from != to, !merge(to, into: from) { bringTogether(from, to) }
    }
  }

  /// Gives one web the register of the other, where that is free for it.
  private mutating func bringTogether(_ from: Int32, _ to: Int32) {
    let registers = (from: registers[Int(from)], to: registers[Int(to)])
    guard registers.from >= 0, registers.to >= 0, registers.from != registers.to else { return }
    if !webs.isPinned[Int(to)], free(for: to) &>> UInt16(registers.from) & 1 != 0 {
      leave(to)
      take(to, UInt8(registers.from))
    } else if !webs.isPinned[Int(from)], free(for: from) &>> UInt16(registers.to) & 1 != 0 {
      leave(from)
      take(from, UInt8(registers.to))
    }
  }

  /// Makes one web of two that hold the same value wherever both are needed, if a register is free for both.
  ///
  /// They do where neither is written while the other is needed, but for copies of one to the other: what was written last of both on
  /// a way to such a place was written while the other was needed, or is older than a copy.
  private mutating func merge(_ web: Int32, into other: Int32) -> Bool {
    guard !webs.isPinned[Int(web)], !webs.isPinned[Int(other)], let register = register(for: web, and: other) else {
      return false
    }
    mark(web)
    guard isWrittenOutsideMarks(other, but: web) else { return false }
    mark(other)
    guard isWrittenOutsideMarks(web, but: other) else { return false }
    let gaps = webs.gaps(of: other) + webs.gaps(of: web).filter { marks[Int($0)] != stamp }
    for part in [web, other] where registers[Int(part)] >= 0 { leave(part) }
    webs.setGaps(of: other, to: Array(gaps))
    webs.setGaps(of: web, to: [])
    definitions.move(from: web, to: other)
    successors[Int(web)] = other
    if !isHalf[Int(web)] { isHalf[Int(other)] = false }
    take(other, register)
    return true
  }

  private mutating func mark(_ web: Int32) {
    stamp += 1
    for gap in webs.gaps(of: web) { marks[Int(gap)] = stamp }
  }

  /// Whether a web is written only at gaps without a mark, but for exact copies of `source`.
  private func isWrittenOutsideMarks(_ web: Int32, but source: Int32) -> Bool {
    definitions.allSatisfy(of: web) { index, gap in
      guard marks[gap] == stamp else { return true }
      guard let move = move(index), move.isExact else { return false }
      return current(move.from) == source
    }
  }

  /// A register that nobody else has where one of two webs is needed; one that one of them has, if possible.
  private func register(for web: Int32, and other: Int32) -> UInt8? {
    let all: UInt16 = 0x3ff
    let held = (web: registers[Int(web)], other: registers[Int(other)])
    var taken: UInt16 = 0
    for gaps in [webs.gaps(of: other), webs.gaps(of: web)] {
      for gap in gaps {
        let row = Int(gap) * ValueWebs.registers
        var others = self.taken[Int(gap)]
        if held.web >= 0, owners[row + Int(held.web)] == web { others &= ~(1 &<< UInt16(held.web)) }
        if held.other >= 0, owners[row + Int(held.other)] == other { others &= ~(1 &<< UInt16(held.other)) }
        taken |= others
        if taken & all == all { return nil }
      }
    }
    for register in [held.other, held.web] where register >= 0 && taken &>> UInt16(register) & 1 == 0 {
      return UInt8(register)
    }
    return UInt8((~taken & all).trailingZeroBitCount)
  }

  /// The webs of an instruction that is a copy of all bits, or becomes one. It is exact where nothing can be in the bits that it
  /// leaves out.
  private func move(_ index: Int) -> (from: Int32, to: Int32, isExact: Bool)? {
    let instruction = graph.instructions[index]
    let code = instruction.code
    if code == Opcode.arithmetic64 | Opcode.move | Opcode.registerOperand, instruction.offset == 0 {
      guard webs.sources[index] >= 0 else { return nil }
      return (webs.sources[index], webs.destinations[index], true)
    }
    guard webs.words[index] >= 0 else { return nil }
    let isWhole = Opcode.bytes(code) == 8
    if code & Opcode.classMask == Opcode.loadRegister {
      let word = webs.words[index]
      return (word, webs.destinations[index], isWhole || isHalf[Int(word)])
    }
    guard code & Opcode.classMask == Opcode.storeRegister, webs.sources[index] >= 0 else { return nil }
    return (webs.sources[index], webs.words[index], isWhole || isHalf[Int(webs.sources[index])])
  }
}
