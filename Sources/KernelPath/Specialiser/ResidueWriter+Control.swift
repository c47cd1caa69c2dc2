/// Calls, and jumps on a condition.
extension ResidueWriter {
  mutating func writeCall(_ instruction: Instruction) {
    var new = instruction
    if instruction.source == 0 {
      let helper = HelperCall(instruction.immediate)
      new.arguments = (1 &<< UInt16(helper.argumentCount) &- 1) &<< 1
      new.touch = touch(of: helper)
    } else {
      new.arguments = instruction.source == Opcode.callFunction ? parameters[Int(instruction.immediate)] : 0x3e
      // A function has a stack of its own. Of its caller's it knows what it is given.
      new.touch = handOver(new.arguments)
      if instruction.source == Opcode.callFunction { enter(function: Int(instruction.immediate)) }
    }
    for register in UInt8(0)..<6 { state[register] = .unknown }
    output.append(new)
  }

  /// What a helper reads of the stack. Forgets what it may write.
  mutating func touch(of helper: HelperCall) -> StackTouch {
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
    return handOver((1 &<< UInt16(helper.argumentCount) &- 1) &<< 1)
  }

  /// What somebody may read and write who gets these registers, a bit for each. A pointer is to the start of what it is handed over for, as compilers
  /// make it; what lies below is not touched.
  private mutating func handOver(_ arguments: UInt16) -> StackTouch {
    let pointers = (UInt8(1)...5).filter { arguments &>> UInt16($0) & 1 != 0 }.map { state[$0] }
      .filter(\.mayPointToStack)
    guard let lowest = pointers.map(\.offset).min() else { return .nothing }
    let words = max(0, AbstractState.stackBytes + lowest) / 8..<AbstractState.stackBytes / 8
    // Unless they find more pointers there.
    guard pointers.allSatisfy({ $0.kind == .stack }), let offset = Int16(exactly: lowest), lowest < 0,
      !words.contains(where: { state.values[AbstractState.registerCount + $0].mayPointToStack })
    else {
      state.forgetStack()
      return .everything
    }
    for word in words { state.values[AbstractState.registerCount + word] = .anything }
    return .range(offset, count: -offset)
  }

  /// Whether a jump is taken, where that is known; writes it otherwise.
  mutating func writeCondition(_ instruction: Instruction) -> Bool? {
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
    if left.kind == .unknown, let right = right.constant, let isTaken = KnownBits.isTaken(code, left.known, right) {
      return isTaken
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
}
