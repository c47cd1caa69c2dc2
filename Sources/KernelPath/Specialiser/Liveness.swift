/// Which values each block reads before it writes them. Instructions whose results are not read do not count as readers.
struct Liveness {
  /// By block, at its start.
  private(set) var atStart: [LiveValues]

  init(_ graph: FlowGraph, _ postorder: [Int32]) {
    atStart = [LiveValues](repeating: LiveValues(), count: graph.blocks.count)
    var changed = true
    while changed {
      changed = false
      for block in postorder {
        var live = atEnd(of: graph.blocks[Int(block)])
        var index = Int(graph.blocks[Int(block)].end)
        let start = Int(graph.blocks[Int(block)].start)
        while index > start {
          index -= 1
          _ = Self.step(graph.instructions[index], &live)
        }
        if live != atStart[Int(block)] {
          atStart[Int(block)] = live
          changed = true
        }
      }
    }
  }

  func atEnd(of block: FlowGraph.Block) -> LiveValues {
    var live = block.next >= 0 ? atStart[Int(block.next)] : LiveValues()
    if block.branch >= 0 { live.formUnion(atStart[Int(block.branch)]) }
    return live
  }

  /// From behind an instruction to in front of it. False where nobody needs it.
  static func step(_ instruction: Instruction, _ live: inout LiveValues) -> Bool {
    let code = instruction.code
    switch code & Opcode.classMask {
    case Opcode.arithmetic32, Opcode.arithmetic64:
      guard live.contains(register: instruction.destination), !instruction.movesToItself else { return false }
      let operation = code & Opcode.operationMask
      if operation == Opcode.move { live.remove(registers: 1 &<< UInt16(instruction.destination)) }
      if code & Opcode.registerOperand != 0, operation != Opcode.byteOrder, operation != Opcode.negate {
        live.insert(register: instruction.source)
      }
    case Opcode.load:
      guard live.contains(register: instruction.destination) else { return false }
      live.remove(registers: 1 &<< UInt16(instruction.destination))
    case Opcode.loadRegister:
      guard live.contains(register: instruction.destination) else { return false }
      live.remove(registers: 1 &<< UInt16(instruction.destination))
      live.insert(register: instruction.source)
      read(instruction, &live)
    case Opcode.storeImmediate, Opcode.storeRegister:
      if code & Opcode.modeMask == Opcode.atomic {
        // Of its operands it may write the source and r0; all are read in some operation.
        live.insert(registers: 1 | 1 &<< UInt16(instruction.source) | 1 &<< UInt16(instruction.destination))
        read(instruction, &live)
        return true
      }
      if case .access(let offset) = instruction.touch {
        let count = Opcode.bytes(code)
        guard live.contains(stack: Int(offset), count: count) else { return false }
        live.remove(stack: Int(offset), count: count)
      }
      live.insert(register: instruction.destination)
      if code & Opcode.classMask == Opcode.storeRegister { live.insert(register: instruction.source) }
    default:
      if code == Opcode.call {
        live.remove(registers: 0x3f)
        live.insert(registers: instruction.arguments)
        read(instruction, &live)
      } else if code == Opcode.exit {
        live.insert(register: 0)
      } else {
        live.insert(register: instruction.destination)
        if code & Opcode.registerOperand != 0 { live.insert(register: instruction.source) }
      }
    }
    return true
  }

  private static func read(_ instruction: Instruction, _ live: inout LiveValues) {
    switch instruction.touch {
    case .nothing: break
    case .access(let offset): live.insert(stack: Int(offset), count: Opcode.bytes(instruction.code))
    case .range(let offset, let count): live.insert(stack: Int(offset), count: Int(count))
    case .everything: live.insertStack()
    }
  }
}
