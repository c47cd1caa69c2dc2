/// Loads and stores: of the image, which is known, and of the stack, which may be.
extension ResidueWriter {
  mutating func writeWideLoad(_ instruction: Instruction) {
    let low = UInt64(UInt32(bitPattern: instruction.immediate))
    switch instruction.source {
    case 0:
      writeConstant(
        low | UInt64(UInt32(bitPattern: instruction.upper)) &<< 32, to: instruction.destination, instruction.origin)
      return
    case Opcode.mapDescriptor:
      state[instruction.destination] = .map(descriptor: low)
    case Opcode.mapValue where instruction.immediate == facts.imageDescriptor:
      state[instruction.destination] = .image(Int(UInt32(bitPattern: instruction.upper)))
    case Opcode.function:
      state[instruction.destination] = .unknown
      enter(function: Int(instruction.immediate))
    default: state[instruction.destination] = .unknown
    }
    output.append(instruction)
  }

  mutating func writeLoad(_ instruction: Instruction) {
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
      if value.kind == .unknown, count < 8, !isSigned {
        value = .number(.number(ofWidth: min(value.known.width, 8 * count)))
      }
      state[instruction.destination] = value
    }
  }

  func imageBytes(_ offset: Int, _ count: Int) -> UInt64? {
    guard offset >= 0, offset + count <= facts.image.count else { return nil }
    var bits: UInt64 = 0
    for byte in 0..<count { bits |= UInt64(facts.image[offset + byte]) &<< UInt64(8 * byte) }
    return bits
  }

  /// An access to the stack by the frame pointer itself.
  static func onStack(_ instruction: Instruction, _ offset: Int) -> Instruction {
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

  mutating func writeStore(_ instruction: Instruction) {
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

  mutating func writeAtomic(_ instruction: Instruction) -> Bool {
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
}
