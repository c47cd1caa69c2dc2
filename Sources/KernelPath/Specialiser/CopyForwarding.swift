/// Lets instructions read a value from the register that has had it for longest: not from a copy, and not from the stack where it
/// was put aside. What nobody reads after that is for `DeadCode`.
///
/// Once for each block, with what all ways to it have in common; behind a jump backwards nothing is known.
struct CopyForwarding {
  /// Of the places: ten registers, the stack's words of eight bytes, and its words of four.
  private static let words = AbstractState.registerCount
  private static let halves = words + AbstractState.stackBytes / 8
  private static let count = halves + AbstractState.stackBytes / 4

  private var graph: FlowGraph
  /// Places with the same number hold the same value; 0 for a place of which nothing is known. A word of four bytes has the number of
  /// its value zero extended.
  private var numbers = [UInt32](repeating: 0, count: count)
  /// When a register got its value.
  private var times = [UInt32](repeating: 0, count: AbstractState.registerCount)
  /// By number, whether the upper half is zero.
  private var isHalf: [Bool] = [false]
  /// By number, the number that it is so many bytes behind; 0 for none.
  private var bases: [(number: UInt32, distance: Int32)] = [(0, 0)]
  private var clock: UInt32 = 0

  private init(_ graph: FlowGraph) { self.graph = graph }

  static func run(_ graph: FlowGraph) -> FlowGraph {
    var pass = Self(graph)
    pass.run()
    return pass.graph
  }

  private mutating func run() {
    let order = graph.postorder()
    // What holds behind each block that is done, at a place in one list; its registers' times behind it.
    var done = [Int](repeating: -1, count: graph.blocks.count)
    var states: [UInt32] = []
    let ways = Predecessors(graph)
    for block in order.reversed() {
      let from = ways[Int(block)]
      if from.isEmpty || graph.functions.contains(block) || from.contains(where: { done[Int($0)] < 0 }) {
        forgetAll()
      } else {
        let first = done[Int(from.first!)]
        for place in 0..<Self.count { numbers[place] = states[first + place] }
        for register in times.indices { times[register] = states[first + Self.count + register] }
        for other in from.dropFirst() { join(states[done[Int(other)]...]) }
      }
      for index in Int(graph.blocks[Int(block)].start)..<Int(graph.blocks[Int(block)].end) {
        clock += 1
        var instruction = graph.instructions[index]
        step(&instruction)
        graph.instructions[index] = instruction
      }
      done[Int(block)] = states.count
      states += numbers
      states += times
    }
  }

  /// Keeps what holds on two ways. Places that have one value on the one and another one on the other are still alike.
  private mutating func join(_ other: ArraySlice<UInt32>) {
    var pairs: [(left: UInt32, right: UInt32, number: UInt32)] = []
    for place in 0..<Self.count {
      let (left, right) = (numbers[place], other[other.startIndex + place])
      if left == right { continue }
      if left == 0 || right == 0 {
        numbers[place] = 0
      } else if let pair = pairs.first(where: { $0.left == left && $0.right == right }) {
        numbers[place] = pair.number
      } else {
        numbers[place] = fresh(isHalf: isHalf[Int(left)] && isHalf[Int(right)])
        pairs.append((left, right, numbers[place]))
      }
    }
    for pair in pairs {
      let (left, right) = (bases[Int(pair.left)], bases[Int(pair.right)])
      guard left.number != 0, right.number != 0, left.distance == right.distance else { continue }
      let base =
        left.number == right.number
        ? left.number : pairs.first { $0.left == left.number && $0.right == right.number }?.number
      if let base { bases[Int(pair.number)] = (base, left.distance) }
    }
  }

  private mutating func forgetAll() { for place in numbers.indices { numbers[place] = 0 } }
  private mutating func forgetStack() { for place in Self.words..<Self.count { numbers[place] = 0 } }

  private mutating func fresh(isHalf half: Bool) -> UInt32 {
    isHalf.append(half)
    bases.append((0, 0))
    return UInt32(isHalf.count - 1)
  }

  /// The number of what is in a register.
  private mutating func number(_ register: UInt8) -> UInt32 {
    if register >= 10 { return fresh(isHalf: false) }
    if numbers[Int(register)] == 0 { numbers[Int(register)] = fresh(isHalf: false) }
    return numbers[Int(register)]
  }

  private mutating func set(_ register: UInt8, _ number: UInt32) {
    numbers[Int(register)] = number
    times[Int(register)] = clock
  }

  /// The register that has had a value for longest; nil where none has it.
  private func holder(of number: UInt32) -> UInt8? {
    var best: UInt8?
    for register in UInt8(0)..<10 where number != 0 && numbers[Int(register)] == number {
      if best.map({ times[Int(register)] < times[Int($0)] }) ?? true { best = register }
    }
    return best
  }

  private func source(_ register: UInt8) -> UInt8 {
    register < 10 ? holder(of: numbers[Int(register)]) ?? register : register
  }

  /// A number behind another by a distance.
  private mutating func number(_ number: UInt32, plus distance: Int32) -> UInt32 {
    let base = bases[Int(number)]
    let (sum, overflow) = base.distance.addingReportingOverflow(distance)
    let result = fresh(isHalf: false)
    if !overflow { bases[Int(result)] = (base.number == 0 ? number : base.number, sum) }
    return result
  }

  /// Reads or writes by way of the register that the address was made from, or another that was made from the same before.
  private func shorten(_ register: inout UInt8, _ offset: inout Int16) {
    guard register < 10, numbers[Int(register)] != 0 else { return }
    let base = bases[Int(numbers[Int(register)])]
    guard base.number != 0 else { return }
    var best = (register: register, distance: Int32(0))
    for other in UInt8(0)..<10 where times[Int(other)] < times[Int(best.register)] {
      let number = numbers[Int(other)]
      if number == base.number {
        best = (other, base.distance)
      } else if bases[Int(number)].number == base.number {
        let (distance, overflow) = base.distance.subtractingReportingOverflow(bases[Int(number)].distance)
        if !overflow { best = (other, distance) }
      }
    }
    let (sum, overflow) = best.distance.addingReportingOverflow(Int32(offset))
    if !overflow, let sum = Int16(exactly: sum) { (register, offset) = (best.register, sum) }
  }

  // MARK: - Instructions

  private mutating func step(_ instruction: inout Instruction) {
    let code = instruction.code
    let operation = code & Opcode.operationMask
    switch code & Opcode.classMask {
    case Opcode.arithmetic64, Opcode.arithmetic32:
      let isWide = code & Opcode.classMask == Opcode.arithmetic64
      let hasSource =
        code & Opcode.registerOperand != 0 && operation != Opcode.byteOrder && operation != Opcode.negate
      if hasSource { instruction.source = source(instruction.source) }
      if hasSource, operation == Opcode.move, instruction.offset == 0, instruction.source < 10 {
        let number = number(instruction.source)
        if isWide || isHalf[Int(number)] {
          if instruction.source != instruction.destination { set(instruction.destination, number) }
          return
        }
      }
      if isWide, operation == Opcode.add, code & Opcode.registerOperand == 0, instruction.offset == 0 {
        set(instruction.destination, number(number(instruction.destination), plus: instruction.immediate))
        return
      }
      set(instruction.destination, fresh(isHalf: !isWide && operation != Opcode.byteOrder))
    case Opcode.load: set(instruction.destination, fresh(isHalf: false))
    case Opcode.loadRegister: load(&instruction)
    case Opcode.storeImmediate, Opcode.storeRegister: store(&instruction)
    default:
      if code == Opcode.call {
        for register in 0..<6 { numbers[register] = 0 }
        if instruction.source != 0 || HelperCall(instruction.immediate).mayWrite {
          switch instruction.touch {
          case .nothing: break
          case .range(let offset, let count): forget(Int(offset), Int(count))
          default: forgetStack()
          }
        }
      } else if code != Opcode.exit {
        instruction.destination = source(instruction.destination)
        if code & Opcode.registerOperand != 0 { instruction.source = source(instruction.source) }
      }
    }
  }

  private mutating func load(_ instruction: inout Instruction) {
    instruction.source = source(instruction.source)
    if instruction.touch == .nothing { shorten(&instruction.source, &instruction.offset) }
    let bytes = Opcode.bytes(instruction.code)
    let isPlain = instruction.code & Opcode.modeMask == Opcode.memory
    guard isPlain, case .access(let offset) = instruction.touch, bytes >= 4,
      let place = Self.place(Int(offset), bytes)
    else {
      set(instruction.destination, fresh(isHalf: isPlain && bytes <= 4))
      return
    }
    if numbers[place] == 0 { numbers[place] = fresh(isHalf: bytes == 4) }
    let number = numbers[place]
    if let holder = holder(of: number) {
      var move = Instruction(
        code: Opcode.arithmetic64 | Opcode.move | Opcode.registerOperand, origin: instruction.origin)
      move.destination = instruction.destination
      move.source = holder
      instruction = move
      if holder == instruction.destination { return }
    } else if bytes == 8, let first = (Self.words..<Self.halves).first(where: { numbers[$0] == number }) {
      // One place for all who read the value, so that nobody needs the others.
      instruction = ResidueWriter.onStack(instruction, 8 * (first - Self.words) - AbstractState.stackBytes)
    }
    set(instruction.destination, number)
  }

  private mutating func store(_ instruction: inout Instruction) {
    let bytes = Opcode.bytes(instruction.code)
    let isAtomic = instruction.code & Opcode.modeMask == Opcode.atomic
    let isImmediate = instruction.code & Opcode.classMask == Opcode.storeImmediate
    instruction.destination = source(instruction.destination)
    if !isImmediate, !isAtomic { instruction.source = source(instruction.source) }
    if instruction.touch == .nothing { shorten(&instruction.destination, &instruction.offset) }
    if !isImmediate, !isAtomic, isThere(instruction) {
      instruction = .nothing(instruction.origin)
      return
    }
    switch instruction.touch {
    case .nothing: break
    case .access(let offset): forget(Int(offset), bytes)
    default: forgetStack()
    }
    if isAtomic {
      numbers[0] = 0
      if instruction.source < 10 { numbers[Int(instruction.source)] = 0 }
    } else if !isImmediate, case .access(let offset) = instruction.touch, instruction.source < 10,
      let place = Self.place(Int(offset), bytes), bytes >= 4
    {
      let number = number(instruction.source)
      if bytes == 8 || isHalf[Int(number)] { numbers[place] = number }
    }
  }

  /// Whether the stack holds already what is stored.
  private func isThere(_ store: Instruction) -> Bool {
    let bytes = Opcode.bytes(store.code)
    guard case .access(let offset) = store.touch, store.source < 10, bytes >= 4,
      let place = Self.place(Int(offset), bytes)
    else { return false }
    return numbers[place] != 0 && numbers[place] == numbers[Int(store.source)]
  }

  /// The place of an aligned word of the stack.
  private static func place(_ offset: Int, _ bytes: Int) -> Int? {
    let from = AbstractState.stackBytes + offset
    guard from >= 0, from + bytes <= AbstractState.stackBytes, from % bytes == 0 else { return nil }
    return bytes == 8 ? words + from / 8 : halves + from / 4
  }

  private mutating func forget(_ offset: Int, _ bytes: Int) {
    let from = max(0, AbstractState.stackBytes + offset)
    let end = min(AbstractState.stackBytes, AbstractState.stackBytes + offset + bytes)
    guard from < end else { return }
    for word in from / 8...(end - 1) / 8 {
      numbers[Self.words + word] = 0
      numbers[Self.halves + 2 * word] = 0
      numbers[Self.halves + 2 * word + 1] = 0
    }
  }
}

/// The blocks that each block is reached from, in one list.
struct Predecessors {
  private var starts: [Int32]
  private var list: [Int32]

  init(_ graph: FlowGraph) {
    starts = [Int32](repeating: 0, count: graph.blocks.count + 1)
    for block in graph.blocks {
      if block.branch >= 0 { starts[Int(block.branch) + 1] += 1 }
      if block.next >= 0 { starts[Int(block.next) + 1] += 1 }
    }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    list = [Int32](repeating: 0, count: Int(starts.last!))
    var places = starts
    for (number, block) in graph.blocks.enumerated() {
      for successor in [block.branch, block.next] where successor >= 0 {
        list[Int(places[Int(successor)])] = Int32(number)
        places[Int(successor)] += 1
      }
    }
  }

  subscript(_ block: Int) -> ArraySlice<Int32> { list[Int(starts[block])..<Int(starts[block + 1])] }
}
