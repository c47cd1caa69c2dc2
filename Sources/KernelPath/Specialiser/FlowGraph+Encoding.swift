/// A program as the kernel reads it.
struct EncodedProgram {
  var words: [UInt64] = []
  /// For each word, the place in the program that came.
  var origins: [Int32] = []
  /// Where each function begins, and where it began in the program that came.
  var functions: [Int32] = []
  var functionOrigins: [Int32] = []
}

extension FlowGraph {
  /// The blocks in a row: jumps of 16 bits wherever they reach, and no block that nothing comes to.
  func encoded() -> EncodedProgram {
    let order = layout()
    // Whether the jump to the branch, and the one to the next block, needs 32 bits. They begin short and only grow.
    var long = [UInt8](repeating: 0, count: blocks.count)
    var starts = [Int32](repeating: -1, count: blocks.count)
    var jumps = [JumpForm](repeating: .none, count: blocks.count)
    for (place, block) in order.enumerated() {
      let follower = place + 1 < order.count ? order[place + 1] : -1
      jumps[Int(block)] = form(of: blocks[Int(block)], follower)
    }
    var grows = true
    while grows {
      grows = false
      var position: Int32 = 0
      for block in order {
        starts[Int(block)] = position
        position += patchedSize(of: Int(block), jumps[Int(block)], long[Int(block)])
      }
      for block in order {
        let end = starts[Int(block)] + patchedSize(of: Int(block), jumps[Int(block)], long[Int(block)])
        let needed = needsLong(Int(block), jumps[Int(block)], end, starts)
        if needed | long[Int(block)] != long[Int(block)] {
          long[Int(block)] |= needed
          grows = true
        }
      }
    }
    var position: Int32 = 0
    for block in order {
      starts[Int(block)] = position
      position += size(of: Int(block), jumps[Int(block)], long[Int(block)])
    }
    var program = EncodedProgram()
    program.functions = functions.map { starts[Int($0)] }
    program.functionOrigins = functionOrigins
    for block in order { write(Int(block), jumps[Int(block)], long[Int(block)], starts, &program) }
    return program
  }

  /// How a block ends.
  private enum JumpForm {
    case none
    /// A jump to the next block.
    case toNext
    /// The condition; the next block follows.
    case condition
    /// The condition the other way round; the branch follows.
    case inverted
    /// The condition, and a jump to the next block.
    case conditionAndNext
  }

  private func form(of block: Block, _ follower: Int32) -> JumpForm {
    if block.branch < 0 { return block.next < 0 || block.next == follower ? .none : .toNext }
    if block.next == follower { return .condition }
    let operation = instructions[Int(block.end) - 1].code & Opcode.operationMask
    if block.branch == follower, ConstantArithmetic.inverted(operation) != nil { return .inverted }
    return .conditionAndNext
  }

  /// Each block that is reached, once: behind it the one that more packets come to, so that most run straight on; then, of those that
  /// are jumped to so far, the last that is not rare, so that what one packet runs stands close together; then what is rare. A
  /// function's blocks stand together.
  private func layout() -> [Int32] {
    var order: [Int32] = []
    order.reserveCapacity(blocks.count)
    let weights = BlockWeights(self)
    var isPlaced = [Bool](repeating: false, count: blocks.count)
    for entry in functions {
      var open = [entry]
      while let first = open.indices.last(where: { !weights.isRare(open[$0]) })
        ?? open.indices.max(by: { weights[open[$0]] < weights[open[$1]] })
      {
        var next: Int32? = open.remove(at: first)
        while let block = next {
          order.append(block)
          isPlaced[Int(block)] = true
          let place = blocks[Int(block)]
          let followers = [place.next, place.branch].filter { $0 >= 0 && !isPlaced[Int($0)] }
          next = followers.max { weights[$0] < weights[$1] }
          open += followers
        }
        open.removeAll { isPlaced[Int($0)] }
      }
    }
    return order
  }

  /// In words, with the jumps behind it.
  private func size(of block: Int, _ form: JumpForm, _ long: UInt8) -> Int32 {
    var size: Int32 = 0
    for index in Int(blocks[block].start)..<Int(blocks[block].end) { size += Int32(instructions[index].size) }
    switch form {
    case .none: return size
    case .toNext: return size + 1
    // Where the condition does not reach, it jumps to a long jump: two words more.
    case .condition, .inverted: return size + (long != 0 ? 2 : 0)
    case .conditionAndNext: return size + 1 + (long & 1 != 0 ? 1 : 0)
    }
  }

  /// The same when the kernel has made several instructions of some: then jumps still have to reach.
  private func patchedSize(of block: Int, _ form: JumpForm, _ long: UInt8) -> Int32 {
    var size = size(of: block, form, long)
    for index in Int(blocks[block].start)..<Int(blocks[block].end) { size += instructions[index].patches }
    return size
  }

  /// How many words the kernel makes of all, at most, without the jumps.
  var patchedSize: Int {
    instructions.reduce(0) { $0 + $1.size + Int($1.patches) }
  }

  /// 1 where the condition does not reach, 2 where the jump to the next block does not.
  private func needsLong(_ block: Int, _ form: JumpForm, _ end: Int32, _ starts: [Int32]) -> UInt8 {
    func isFar(_ target: Int32) -> Bool { abs(starts[Int(target)] - end) > Int32(Int16.max) - 8 }
    let place = blocks[block]
    return switch form {
    case .none: 0
    case .toNext: isFar(place.next) ? 2 : 0
    case .condition: isFar(place.branch) ? 1 : 0
    case .inverted: isFar(place.next) ? 1 : 0
    case .conditionAndNext: (isFar(place.branch) ? 1 : 0) | (isFar(place.next) ? 2 : 0)
    }
  }

  private func write(
    _ block: Int, _ form: JumpForm, _ long: UInt8, _ starts: [Int32], _ program: inout EncodedProgram
  ) {
    let place = blocks[block]
    for index in Int(place.start)..<Int(place.end) {
      var instruction = instructions[index]
      if place.branch >= 0, index == Int(place.end) - 1 {
        write(condition: instruction, place, form, long, starts, &program)
        return
      }
      if instruction.isFunctionReference {
        instruction.immediate = starts[Int(functions[Int(instruction.immediate)])] - Int32(program.words.count) - 1
      }
      program.append(instruction)
    }
    if form == .toNext {
      let origin = place.end > place.start ? instructions[Int(place.end) - 1].origin : program.origins.last ?? 0
      program.appendJump(to: starts[Int(place.next)], isLong: long & 2 != 0, origin)
    }
  }

  private func write(
    condition: Instruction, _ place: Block, _ form: JumpForm, _ long: UInt8, _ starts: [Int32],
    _ program: inout EncodedProgram
  ) {
    var condition = condition
    var target = starts[Int(place.branch)]
    if form == .inverted {
      let operation = ConstantArithmetic.inverted(condition.code & Opcode.operationMask)!
      condition.code = condition.code & ~Opcode.operationMask | operation
      target = starts[Int(place.next)]
    }
    if long & 1 != 0 {
      // Over the jump behind it to the long one.
      condition.offset = 1
      program.append(condition)
      if form == .conditionAndNext {
        program.appendJump(to: starts[Int(place.next)], isLong: long & 2 != 0, condition.origin)
      } else {
        program.appendJump(to: Int32(program.words.count) + 2, isLong: false, condition.origin)
      }
      program.appendJump(to: target, isLong: true, condition.origin)
      return
    }
    condition.offset = Int16(target - Int32(program.words.count) - 1)
    program.append(condition)
    if form == .conditionAndNext {
      program.appendJump(to: starts[Int(place.next)], isLong: long & 2 != 0, condition.origin)
    }
  }
}

extension EncodedProgram {
  fileprivate mutating func append(_ instruction: Instruction) {
    words.append(instruction.word)
    origins.append(instruction.origin)
    if instruction.isWide {
      words.append(instruction.secondWord)
      origins.append(instruction.origin)
    }
  }

  fileprivate mutating func appendJump(to target: Int32, isLong: Bool, _ origin: Int32) {
    var jump = Instruction(code: isLong ? Opcode.goToLong : Opcode.goTo, origin: origin)
    let distance = target - Int32(words.count) - 1
    if isLong { jump.immediate = distance } else { jump.offset = Int16(distance) }
    append(jump)
  }
}
