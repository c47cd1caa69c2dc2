/// Runs a BPF program (RFC 9669) one instruction after the other. It has nothing in common with what specialises programs, and so can
/// check it.
public struct Interpreter<Environment: ProgramEnvironment> {
  public private(set) var environment: Environment
  public private(set) var count = StepCount()

  private let program: [UInt64]
  private var place = 0
  private var registers = [UInt64](repeating: 0, count: 11)
  /// Where the functions that have called go on, with what they want to find again.
  private var callers: [(place: Int, registers: ArraySlice<UInt64>)] = []

  /// A function's part of the stack, in bytes, and how many functions have one.
  private static var frameSize: UInt64 { 512 }
  private static var frames: Int { 4 }

  /// - Parameter program: Its instructions as the kernel gets them.
  public init(_ program: [UInt64], in environment: Environment) {
    self.program = program
    self.environment = environment
    // What lies there at first is nobody's.
    let stack = self.environment.memory.add([UInt8](repeating: 0xa5, count: Self.frames * Int(Self.frameSize)))
    registers[10] = stack + Self.frameSize
  }

  /// Runs the program from its start. To be called once.
  /// - Parameters:
  ///   - argument: r1, the program's context.
  ///   - limit: After so many steps it is taken for one that does not end.
  /// - Returns: r0 at the end.
  public mutating func run(_ argument: UInt64, limit: Int = 100_000) throws(ProgramFailure) -> UInt64 {
    registers[1] = argument
    while count.steps < limit {
      let instruction = Instruction(try next())
      count.steps += 1
      switch instruction.kind {
      case .wideLoad: registers[instruction.destination] = try constant(instruction)
      case .load:
        guard instruction.mode == 0x60 else { throw unknown(instruction) }
        let address = address(instruction, from: instruction.source)
        registers[instruction.destination] = try environment.memory.load(instruction.size, at: address)
      case .storeImmediate: try store(instruction.value, instruction)
      case .storeRegister: try store(registers[instruction.source], instruction)
      case .arithmetic32, .arithmetic64: try compute(instruction)
      case .jump, .jump32: if let result = try jump(instruction) { return result }
      }
    }
    throw ProgramFailure("does not end within \(limit) steps")
  }

  private mutating func next() throws(ProgramFailure) -> UInt64 {
    guard program.indices.contains(place) else { throw ProgramFailure("leaves itself at \(place)") }
    defer { place += 1 }
    return program[place]
  }

  private func unknown(_ instruction: Instruction) -> ProgramFailure {
    ProgramFailure("does what the interpreter does not know: \(instruction)")
  }

  // MARK: - Loads and stores

  private mutating func address(_ instruction: Instruction, from register: Int) -> UInt64 {
    let address = registers[register] &+ UInt64(bitPattern: Int64(instruction.offset))
    if address < registers[10], address >= registers[10] - Self.frameSize { count.stackAccesses += 1 }
    return address
  }

  private mutating func constant(_ instruction: Instruction) throws(ProgramFailure) -> UInt64 {
    let upper = try next() >> 32
    let lower = UInt64(UInt32(bitPattern: instruction.immediate))
    switch instruction.source {
    case 0: return lower | upper << 32
    case 1: return lower
    case 2: return try environment.value(of: instruction.immediate) + upper
    default: throw unknown(instruction)
    }
  }

  private mutating func store(_ value: UInt64, _ instruction: Instruction) throws(ProgramFailure) {
    let address = address(instruction, from: instruction.destination)
    switch instruction.mode {
    case 0x60: try environment.memory.store(value, instruction.size, at: address)
    case 0xc0: try change(value, instruction, at: address)
    default: throw unknown(instruction)
    }
  }

  /// An atomic operation.
  private mutating func change(
    _ operand: UInt64, _ instruction: Instruction, at address: UInt64
  ) throws(ProgramFailure) {
    let old = try environment.memory.load(instruction.size, at: address)
    let new: UInt64
    switch instruction.immediate {
    case 0x00: new = old &+ operand
    case 0x01:
      new = old &+ operand
      registers[instruction.source] = old
    case 0xf1:
      let expected = instruction.size == 8 ? registers[0] : registers[0] & 0xffff_ffff
      new = old == expected ? operand : old
      registers[0] = old
    default: throw unknown(instruction)
    }
    try environment.memory.store(new, instruction.size, at: address)
  }

  // MARK: - Arithmetic

  private func operand(_ instruction: Instruction) -> UInt64 {
    instruction.hasRegister ? registers[instruction.source] : instruction.value
  }

  private mutating func compute(_ instruction: Instruction) throws(ProgramFailure) {
    let left = registers[instruction.destination]
    if instruction.code == 0xd4 || instruction.code == 0xdc {
      // To little-endian, which the machine is, and to big-endian.
      guard [16, 32, 64].contains(instruction.immediate) else { throw unknown(instruction) }
      let unused = UInt64(64 - instruction.immediate)
      registers[instruction.destination] =
        instruction.hasRegister ? left.byteSwapped >> unused : (left << unused) >> unused
      return
    }
    guard instruction.offset == 0, let arithmetic = Arithmetic(rawValue: instruction.operation) else {
      throw unknown(instruction)
    }
    registers[instruction.destination] =
      arithmetic.result(left, operand(instruction), isWide: instruction.kind == .arithmetic64)
  }

  // MARK: - Jumps and calls

  /// - Returns: What the program gives, where it ends.
  private mutating func jump(_ instruction: Instruction) throws(ProgramFailure) -> UInt64? {
    switch instruction.code {
    case 0x05: jump(by: instruction.offset)
    case 0x06: jump(by: Int(instruction.immediate))
    case 0x85 where instruction.source == 0:
      registers[0] = try environment.call(instruction.immediate, registers[1...5])
      spoilArguments()
    case 0x85 where instruction.source == 1: try enter(by: Int(instruction.immediate))
    case 0x95:
      guard let caller = callers.popLast() else { return registers[0] }
      place = caller.place
      registers[6...10] = caller.registers
      spoilArguments()
    default:
      guard let condition = Condition(rawValue: instruction.operation) else { throw unknown(instruction) }
      let left = registers[instruction.destination]
      if condition.holds(left, operand(instruction), isWide: instruction.kind == .jump) { jump(by: instruction.offset) }
    }
    return nil
  }

  private mutating func jump(by distance: Int) {
    place += distance
    count.jumps += 1
  }

  /// Calls a function of the program.
  private mutating func enter(by distance: Int) throws(ProgramFailure) {
    callers.append((place, registers[6...10]))
    guard callers.count < Self.frames else { throw ProgramFailure("calls too deep") }
    place += distance
    registers[10] += Self.frameSize
  }

  /// What a call leaves in the registers of its arguments is nobody's.
  private mutating func spoilArguments() {
    for register in 1...5 { registers[register] = 0xdead_0000 + UInt64(register) }
  }
}
