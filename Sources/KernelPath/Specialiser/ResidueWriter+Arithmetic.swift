/// Arithmetic, of which constants are computed beforehand.
extension ResidueWriter {
  mutating func writeArithmetic(_ instruction: Instruction) {
    let code = instruction.code
    let isWide = code & Opcode.classMask == Opcode.arithmetic64
    let operation = code & Opcode.operationMask
    let destination = instruction.destination
    let old = state[destination]
    if operation == Opcode.byteOrder {
      guard !old.mayPointToStack else {
        output.append(instruction)
        state[destination] = .anything
        return
      }
      // In 64 bits it is the instruction that swaps on every machine.
      let result =
        isWide
        ? .none
        : old.known.inByteOrder(
          isBig: code & Opcode.registerOperand != 0, width: Int(instruction.immediate))
      if let bits = result.constant { return writeConstant(bits, to: destination, instruction.origin) }
      output.append(instruction)
      state[destination] = .number(result)
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
    if operation == Opcode.move, isWide || operand.kind == .unknown && operand.known.width <= 32 {
      writeMove(instruction)
      return
    }
    if hasRegister, let left = old.constant, Self.isCommutative(operation), writeExchanged(instruction, left) { return }
    if !hasRegister, joinsAdditions(instruction) { return }
    if !isUnary, let right = operand.constant {
      if Self.changesNothing(operation, right, isWide: isWide, old) { return }
      if isWide, old.kind == .stack || old.kind == .image, operation == Opcode.add || operation == Opcode.subtract {
        state[destination].bits = operation == Opcode.add ? old.bits &+ right : old.bits &- right
        output.append(Self.withImmediate(instruction, right))
        return
      }
    }
    if operation != Opcode.move && old.mayPointToStack || operation != Opcode.negate && operand.mayPointToStack {
      output.append(operand.constant.map { Self.withImmediate(instruction, $0) } ?? instruction)
      state[destination] = .anything
      return
    }
    let result = KnownBits.result(operation, old.known, operand.known, isWide: isWide)
    if let bits = result.constant { return writeConstant(bits, to: destination, instruction.origin) }
    if joinsShifts(instruction, operand.constant) { return }
    var new = instruction
    if let right = operand.constant {
      // Where the upper half is 0 the lower one alone gives the same, and all its constants fit.
      if isWide, result.width <= 32, Self.isBitwise(operation), Self.immediate(right, isWide: true) == nil {
        new.code = code & ~Opcode.classMask | Opcode.arithmetic32
      }
      new = Self.withImmediate(new, right)
    }
    output.append(new)
    state[destination] = .number(result)
  }

  /// A move of all bits of the source.
  private mutating func writeMove(_ instruction: Instruction) {
    var move = instruction
    move.code = Opcode.arithmetic64 | Opcode.move | Opcode.registerOperand
    guard !move.movesToItself else { return }
    output.append(move)
    state[instruction.destination] = state[instruction.source]
  }

  /// Whether the result is what was there: in 32 bits only where there are no more.
  private static func changesNothing(
    _ operation: UInt8, _ right: UInt64, isWide: Bool, _ old: AbstractValue
  ) -> Bool {
    let right = isWide ? right : right & 0xffff_ffff
    guard isWide || old.known.width <= 32 else { return false }
    return switch operation {
    case Opcode.add, Opcode.subtract, Opcode.exclusiveOr, Opcode.shiftLeft, Opcode.shiftRight: right == 0
    case Opcode.or: right & ~old.known.bits == 0
    // All that it may have stays.
    case Opcode.and: old.kind == .unknown && old.known.largest & ~right == 0
    default: false
    }
  }

  /// Whether each bit of the result comes of the same bits of the operands.
  private static func isBitwise(_ operation: UInt8) -> Bool {
    [Opcode.and, Opcode.or, Opcode.exclusiveOr].contains(operation)
  }

  private static func isCommutative(_ operation: UInt8) -> Bool {
    [Opcode.add, Opcode.or, Opcode.exclusiveOr, Opcode.and, Opcode.multiply].contains(operation)
  }

  /// With the constant on the right, where nobody has to load it. Whether it was one that fits.
  private mutating func writeExchanged(_ instruction: Instruction, _ left: UInt64) -> Bool {
    let isWide = instruction.code & Opcode.classMask == Opcode.arithmetic64
    guard let immediate = Self.immediate(left, isWide: isWide), instruction.destination != instruction.source else {
      return false
    }
    var move = instruction
    move.code = instruction.code & ~Opcode.operationMask | Opcode.move
    writeArithmetic(move)
    var operation = instruction
    operation.code &= ~Opcode.registerOperand
    operation.source = 0
    operation.immediate = immediate
    writeArithmetic(operation)
    return true
  }

  /// Of two additions of constants one behind the other, makes one.
  private mutating func joinsAdditions(_ instruction: Instruction) -> Bool {
    let addition = Opcode.arithmetic64 | Opcode.add
    guard instruction.code == addition, let last = output.last, Int32(output.count) > start,
      last.code == addition, last.destination == instruction.destination,
      case (let sum, false) = last.immediate.addingReportingOverflow(instruction.immediate)
    else { return false }
    let old = state[instruction.destination]
    if old.kind == .stack || old.kind == .image {
      state[instruction.destination].bits = old.bits &+ UInt64(bitPattern: Int64(instruction.immediate))
    } else {
      state[instruction.destination] = old.mayPointToStack ? .anything : .unknown
    }
    output[output.count - 1].immediate = sum
    return true
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
    state[instruction.destination] = .number(.number(ofWidth: 32))
    return true
  }

  /// With a constant in place of a register, where one fits.
  static func withImmediate(_ instruction: Instruction, _ bits: UInt64) -> Instruction {
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
}
