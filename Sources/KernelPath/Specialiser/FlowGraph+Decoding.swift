extension FlowGraph {
  /// The blocks of a program as the kernel reads it. Nil where it has instructions that the passes do not know.
  init?(_ words: UnsafeBufferPointer<UInt64>) {
    let count = words.count
    guard let leaders = Self.leaders(words) else { return nil }
    // The block, and the instruction, that begins at a place.
    var blockAt = [Int32](repeating: -1, count: count + 1)
    var number: Int32 = 0
    for place in 0..<count where leaders[place] != 0 {
      blockAt[place] = number
      number += 1
    }
    var functionAt: [Int: Int32] = [:]
    for place in 0..<count where leaders[place] == 2 {
      functionAt[place] = Int32(functions.count)
      functions.append(blockAt[place])
      functionOrigins.append(Int32(place))
    }
    instructions.reserveCapacity(count)
    blocks.reserveCapacity(Int(number))
    var isRare = [Bool](repeating: false, count: Int(number))
    var place = 0
    while place < count {
      var block = Block(start: Int32(instructions.count), end: 0)
      var isOpen = true
      repeat {
        var instruction = Instruction(word: words[place], origin: Int32(place))
        let next = place + instruction.size
        switch Jump(words[place], at: place) {
        case .none:
          if instruction.isWide {
            guard place + 1 < count else { return nil }
            instruction.upper = Int32(truncatingIfNeeded: words[place + 1] &>> 32)
          }
          if let function = Self.function(instruction, at: place) { instruction.immediate = functionAt[function]! }
          if instruction.movesToItself { isRare[blocks.count] = true } else { instructions.append(instruction) }
        case .conditional(let target):
          guard blockAt[target] >= 0, blockAt[next] >= 0 else { return nil }
          instructions.append(instruction)
          block.branch = blockAt[target]
          isOpen = false
          block.next = blockAt[next]
        case .always(let target):
          guard blockAt[target] >= 0 else { return nil }
          block.next = blockAt[target]
          isOpen = false
        case .exit:
          instructions.append(instruction)
          isOpen = false
        case .unknown: return nil
        }
        place = next
        if isOpen, place < count, leaders[place] != 0 {
          block.next = blockAt[place]
          isOpen = false
        }
      } while isOpen && place < count
      block.end = Int32(instructions.count)
      blocks.append(block)
    }
    for block in blocks.indices {
      blocks[block].branchIsRare = blocks[block].branch >= 0 && isRare[Int(blocks[block].branch)]
      blocks[block].nextIsRare = blocks[block].next >= 0 && isRare[Int(blocks[block].next)]
    }
  }

  /// Where control flow goes behind an instruction.
  private enum Jump {
    case none
    case conditional(Int)
    case always(Int)
    case exit
    case unknown

    init(_ word: UInt64, at place: Int) {
      let code = UInt8(truncatingIfNeeded: word)
      guard code & Opcode.classMask == Opcode.jump || code & Opcode.classMask == Opcode.jump32 else {
        self = .none
        return
      }
      let near = place + 1 + Int(Int16(truncatingIfNeeded: word &>> 16))
      switch code {
      case Opcode.call: self = .none
      case Opcode.exit: self = .exit
      case Opcode.goTo: self = .always(near)
      case Opcode.goToLong: self = .always(place + 1 + Int(Int32(truncatingIfNeeded: word &>> 32)))
      default:
        let operation = code & Opcode.operationMask
        let isKnown =
          operation != 0 && operation <= Opcode.signedLessOrEqual && operation != Opcode.callOperation
          && operation != Opcode.exitOperation
        self = isKnown ? .conditional(near) : .unknown
      }
    }
  }

  /// Where the function stands that an instruction calls, or takes the address of.
  private static func function(_ instruction: Instruction, at place: Int) -> Int? {
    if instruction.code == Opcode.call && instruction.source == Opcode.callFunction
      || instruction.isWide && instruction.source == Opcode.function
    {
      return place + 1 + Int(instruction.immediate)
    }
    return nil
  }

  /// 1 for each place where a block begins, 2 where a function does.
  private static func leaders(_ words: UnsafeBufferPointer<UInt64>) -> [UInt8]? {
    var leaders = [UInt8](repeating: 0, count: words.count + 1)
    guard words.count > 0 else { return nil }
    leaders[0] = 2
    var place = 0
    while place < words.count {
      let word = words[place]
      let code = UInt8(truncatingIfNeeded: word)
      var next = place + 1
      if code & 7 == Opcode.load || code & 7 == Opcode.jump || code & 7 == Opcode.jump32 {
        let instruction = Instruction(word: word, origin: Int32(place))
        next = place + instruction.size
        // The old loads from the packet, by way of registers that they do not name.
        if code & 7 == Opcode.load, !instruction.isWide { return nil }
        if let function = function(instruction, at: place) {
          guard words.indices.contains(function) else { return nil }
          leaders[function] = 2
        }
        switch Jump(word, at: place) {
        case .none: break
        case .conditional(let target), .always(let target):
          guard words.indices.contains(target), next <= words.count else { return nil }
          leaders[target] = max(leaders[target], 1)
          leaders[next] = max(leaders[next], 1)
        case .exit: leaders[next] = max(leaders[next], 1)
        case .unknown: return nil
        }
      }
      place = next
    }
    leaders[words.count] = 0
    return leaders
  }
}
