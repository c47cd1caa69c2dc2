/// Writes down what is left of instructions, one after the other, for what is known of the machine in front of each.
struct ResidueWriter {
  let facts: PartialEvaluator.Facts
  /// By function, the registers that it reads before it writes them, a bit for each.
  let parameters: [UInt16]
  var state = AbstractState()
  var output: [Instruction] = []
  /// Where the block begins that is being written.
  private(set) var start: Int32 = 0
  /// The functions that were met, until somebody asks.
  private var functions: [Int] = []

  init(_ facts: PartialEvaluator.Facts, parameters: [UInt16]) {
    self.facts = facts
    self.parameters = parameters
  }

  /// Gives the place of the block's first instruction.
  mutating func beginBlock() -> Int32 {
    start = Int32(output.count)
    return start
  }

  mutating func enter(function: Int) { functions.append(function) }

  mutating func takeFunctions() -> [Int] {
    defer { functions = [] }
    return functions
  }

  /// False for what is not known here.
  mutating func write(_ instruction: Instruction) -> Bool {
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

  mutating func writeConstant(_ bits: UInt64, to register: UInt8, _ origin: Int32) {
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
  static func immediate(_ bits: UInt64, isWide: Bool) -> Int32? {
    isWide ? Int32(exactly: Int64(bitPattern: bits)) : Int32(truncatingIfNeeded: bits)
  }
}
