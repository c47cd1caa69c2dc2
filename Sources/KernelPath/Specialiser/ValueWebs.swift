/// The values of the program's own function, each with all instructions that write and read it: a web of them has to be in one place.
///
/// A place is one of ten registers or a word of the stack that is only ever written and read as one. The values of a place that have
/// nothing to do with each other are different webs.
struct ValueWebs {
  /// Of the words of the stack, how many are looked at.
  private static let wordLimit = 54
  static let registers = 10
  private static let kernelStackBytes = 512

  /// By instruction, the web of its first and of its second register, and of the word of the stack that it reads or writes; -1 for none.
  private(set) var destinations: [Int32]
  private(set) var sources: [Int32]
  private(set) var words: [Int32]

  /// By web: the register, or 10 and the place in `offsets`.
  private(set) var places: [UInt8] = []
  /// By web, whether the kernel says which register it is.
  private(set) var isPinned: [Bool] = []
  /// The places between instructions, each block's in a row: the first stands in front of the block.
  private(set) var gapCount = 0
  private(set) var firstGap: [Int32]
  /// The gaps behind which a call leaves nothing in the registers that it may change.
  private(set) var callGaps: [Int32] = []

  /// The function's blocks, those that follow first.
  let blocks: [Int32]
  /// Words of the stack, by their offset from the frame pointer, and those that other accesses touch, by their number from below.
  private(set) var offsets: [Int16] = []
  private(set) var isShared = [Bool](repeating: false, count: AbstractState.stackBytes / 8)
  private var placeOfWord = [Int8](repeating: -1, count: AbstractState.stackBytes / 8)

  /// By web, where its gaps stand in `gaps`.
  private var gapRanges: [Range<Int32>] = []
  private var gaps: [Int32] = []

  /// Where a web's value is needed.
  func gaps(of web: Int32) -> ArraySlice<Int32> {
    let range = gapRanges[Int(web)]
    return gaps[Int(range.lowerBound)..<Int(range.upperBound)]
  }

  /// Lets a web be needed at these gaps.
  mutating func setGaps(of web: Int32, to new: [Int32]) {
    gapRanges[Int(web)] = Int32(gaps.count)..<Int32(gaps.count + new.count)
    gaps += new
  }

  var count: Int { places.count }

  /// Nil where instructions touch the stack at places that are not known.
  init?(_ graph: FlowGraph) {
    destinations = [Int32](repeating: -1, count: graph.instructions.count)
    sources = destinations
    words = destinations
    blocks = Self.blocks(of: graph)
    firstGap = [Int32](repeating: -1, count: graph.blocks.count)
    for block in blocks {
      firstGap[Int(block)] = Int32(gapCount)
      gapCount += Int(graph.blocks[Int(block)].end - graph.blocks[Int(block)].start) + 1
    }
    var isSettled = false
    while !isSettled {
      guard findWords(graph) else { return nil }
      let live = liveness(graph)
      // A word that seems to be read before it is written: what says that it is not is no longer known. It stays where it is.
      let found = live[Int(firstGap[Int(graph.functions[0])])] &>> UInt64(Self.registers)
      guard found == 0 else {
        for place in offsets.indices where found &>> UInt64(place) & 1 != 0 {
          isShared[Self.word(offsets[place])] = true
        }
        continue
      }
      connect(graph, live)
      isSettled = !shareMixed(graph)
    }
  }

  /// A store of half a word begins a new value, as compilers mean it. Where all of one is loaded after all that may be from such a
  /// store, the word is not looked at. Whether there was one.
  private mutating func shareMixed(_ graph: FlowGraph) -> Bool {
    var isHalved = [Bool](repeating: false, count: count)
    eachAccess(graph) { instruction, web in
      if instruction.code & Opcode.classMask != Opcode.loadRegister, Opcode.bytes(instruction.code) == 4 {
        isHalved[Int(web)] = true
      }
    }
    var found = false
    var shared = isShared
    eachAccess(graph) { instruction, web in
      guard instruction.code & Opcode.classMask == Opcode.loadRegister, Opcode.bytes(instruction.code) == 8,
        isHalved[Int(web)], case .access(let offset) = instruction.touch
      else { return }
      shared[Self.word(offset)] = true
      found = true
    }
    isShared = shared
    return found
  }

  private func eachAccess(_ graph: FlowGraph, _ body: (Instruction, Int32) -> Void) {
    for block in blocks {
      for index in Int(graph.blocks[Int(block)].start)..<Int(graph.blocks[Int(block)].end) where words[index] >= 0 {
        body(graph.instructions[index], words[index])
      }
    }
  }

  private static func blocks(of graph: FlowGraph) -> [Int32] {
    var own = graph
    own.functions = [graph.functions[0]]
    return own.postorder()
  }

  // MARK: - Places

  static func word(_ offset: Int16) -> Int { (AbstractState.stackBytes + Int(offset)) / 8 }

  /// Loads and stores of the lower half, or of all, of a word.
  private static func isPlain(_ instruction: Instruction, _ offset: Int16) -> Bool {
    let kind = instruction.code & Opcode.classMask
    return instruction.code & Opcode.modeMask == Opcode.memory && Opcode.bytes(instruction.code) >= 4
      && (AbstractState.stackBytes + Int(offset)) % 8 == 0
      && [Opcode.loadRegister, Opcode.storeRegister, Opcode.storeImmediate].contains(kind)
  }

  private mutating func findWords(_ graph: FlowGraph) -> Bool {
    offsets = []
    callGaps = []
    for word in placeOfWord.indices { placeOfWord[word] = -1 }
    for index in words.indices { (destinations[index], sources[index], words[index]) = (-1, -1, -1) }
    var uses = [Int](repeating: 0, count: isShared.count)
    for block in blocks {
      for index in Int(graph.blocks[Int(block)].start)..<Int(graph.blocks[Int(block)].end) {
        let instruction = graph.instructions[index]
        switch instruction.touch {
        case .nothing: break
        case .access(let offset):
          let word = Self.word(offset)
          let last = (AbstractState.stackBytes + Int(offset) + Opcode.bytes(instruction.code) - 1) / 8
          guard isShared.indices.contains(word), isShared.indices.contains(last) else { return false }
          uses[word] += 1
          if !Self.isPlain(instruction, offset) { for word in word...last { isShared[word] = true } }
        case .range(let offset, let count):
          let (first, last) = (Self.word(offset), (AbstractState.stackBytes + Int(offset) + Int(count) - 1) / 8)
          guard isShared.indices.contains(first), isShared.indices.contains(last), first <= last else { return false }
          for word in first...last { isShared[word] = true }
        case .everything: return false
        }
      }
    }
    let free = uses.indices.filter { uses[$0] > 0 && !isShared[$0] }
    // Those that the kernel has no room for have to go somewhere else.
    let far = (AbstractState.stackBytes - Self.kernelStackBytes) / 8
    for word in free.sorted(by: { ($0 < far ? 1 : 0, uses[$0]) > ($1 < far ? 1 : 0, uses[$1]) }).prefix(Self.wordLimit)
    {
      placeOfWord[word] = Int8(Self.registers + offsets.count)
      offsets.append(Int16(8 * word - AbstractState.stackBytes))
    }
    for word in free where placeOfWord[word] < 0 { isShared[word] = true }
    return true
  }

  /// The place of a word that an instruction loads or stores; nil where it is none of those.
  private func place(_ instruction: Instruction) -> UInt8? {
    guard case .access(let offset) = instruction.touch else { return nil }
    let place = placeOfWord[Self.word(offset)]
    return place < 0 ? nil : UInt8(place)
  }

  // MARK: - What is needed where

  /// What an instruction reads and what it writes, a bit for each place.
  private func effect(_ instruction: Instruction) -> (reads: UInt64, writes: UInt64) {
    func bit(_ register: UInt8) -> UInt64 { register < 10 ? 1 &<< UInt64(register) : 0 }
    let (destination, source) = (bit(instruction.destination), bit(instruction.source))
    let code = instruction.code
    let word: UInt64 = place(instruction).map { 1 &<< UInt64($0) } ?? 0
    switch code & Opcode.classMask {
    case Opcode.arithmetic32, Opcode.arithmetic64:
      let right = instruction.hasSource ? source : 0
      return (code & Opcode.operationMask == Opcode.move ? right : right | destination, destination)
    case Opcode.load: return (0, destination)
    case Opcode.loadRegister: return (source | word, destination)
    case Opcode.storeImmediate: return (destination, word)
    case Opcode.storeRegister:
      guard code & Opcode.modeMask == Opcode.atomic else { return (destination | source, word) }
      let writes = instruction.immediate == Opcode.compareAndExchange ? 1 : instruction.isFetch ? source : 0
      return (destination | source | (instruction.immediate == Opcode.compareAndExchange ? 1 : 0), writes)
    default:
      if code == Opcode.call { return (UInt64(instruction.arguments), 0x3f) }
      if code == Opcode.exit { return (1, 0) }
      return (destination | (code & Opcode.registerOperand != 0 ? source : 0), 0)
    }
  }

  /// By gap, the places whose value is needed behind it.
  private func liveness(_ graph: FlowGraph) -> [UInt64] {
    var live = [UInt64](repeating: 0, count: gapCount)
    var changed = true
    while changed {
      changed = false
      for block in blocks {
        let place = graph.blocks[Int(block)]
        let first = Int(firstGap[Int(block)])
        let before = live[first]
        var now = place.next >= 0 ? live[Int(firstGap[Int(place.next)])] : 0
        if place.branch >= 0 { now |= live[Int(firstGap[Int(place.branch)])] }
        var gap = first + Int(place.end - place.start)
        live[gap] = now
        for index in (Int(place.start)..<Int(place.end)).reversed() {
          let (reads, writes) = effect(graph.instructions[index])
          now = now & ~writes | reads
          gap -= 1
          live[gap] = now
        }
        if live[first] != before { changed = true }
      }
    }
    return live
  }

  // MARK: - Webs

  private mutating func connect(_ graph: FlowGraph, _ live: [UInt64]) {
    var nodes = NodeForest()
    let placeCount = Self.registers + offsets.count
    // By block and place, the node of what the block finds there.
    var entries = [Int32](repeating: -1, count: graph.blocks.count * placeCount)
    func eachPlace(_ mask: UInt64, _ body: (Int) -> Void) {
      var rest = mask
      while rest != 0 {
        body(rest.trailingZeroBitCount)
        rest &= rest &- 1
      }
    }
    for block in blocks {
      eachPlace(live[Int(firstGap[Int(block)])]) { place in
        entries[Int(block) * placeCount + place] = nodes.add(UInt8(place))
      }
    }
    var needs: [(node: Int32, gap: Int32)] = []
    needs.reserveCapacity(gapCount * 12)
    var current = [Int32](repeating: -1, count: placeCount)
    for block in blocks.reversed() {
      let place = graph.blocks[Int(block)]
      var gap = Int(firstGap[Int(block)])
      eachPlace(live[gap]) { current[$0] = entries[Int(block) * placeCount + $0] }
      if block == graph.functions[0] { eachPlace(live[gap]) { nodes.pin(current[$0]) } }
      eachPlace(live[gap]) { needs.append((current[$0], Int32(gap))) }
      for index in Int(place.start)..<Int(place.end) {
        let written = note(graph.instructions[index], index, &current, &nodes)
        gap += 1
        if graph.instructions[index].code == Opcode.call { callGaps.append(Int32(gap)) }
        eachPlace(live[gap]) { needs.append((current[$0], Int32(gap))) }
        // What nobody reads must not be written over something.
        if let written, live[gap] &>> UInt64(nodes.places[Int(written)]) & 1 == 0 {
          needs.append((written, Int32(gap)))
        }
      }
      for successor in [place.next, place.branch] where successor >= 0 {
        eachPlace(live[Int(firstGap[Int(successor)])]) { place in
          nodes.join(current[place], entries[Int(successor) * placeCount + place])
        }
      }
    }
    finish(nodes, needs)
  }

  /// Notes which nodes an instruction reads and writes. Gives the one that begins there.
  private mutating func note(
    _ instruction: Instruction, _ index: Int, _ current: inout [Int32], _ nodes: inout NodeForest
  ) -> Int32? {
    let code = instruction.code
    let (destination, source) = (Int(instruction.destination), Int(instruction.source))
    func register(_ number: Int) -> Int32 { number < 10 ? current[number] : -1 }
    func begin(_ place: Int) -> Int32 {
      current[place] = nodes.add(UInt8(place))
      return current[place]
    }
    switch code & Opcode.classMask {
    case Opcode.arithmetic32, Opcode.arithmetic64:
      if instruction.hasSource { sources[index] = register(source) }
      if code & Opcode.operationMask == Opcode.move { _ = begin(destination) }
      destinations[index] = register(destination)
      return destinations[index]
    case Opcode.load:
      destinations[index] = begin(destination)
      return destinations[index]
    case Opcode.loadRegister:
      sources[index] = register(source)
      if let place = place(instruction) { words[index] = current[Int(place)] }
      destinations[index] = begin(destination)
      return destinations[index]
    case Opcode.storeImmediate, Opcode.storeRegister:
      destinations[index] = register(destination)
      if code & Opcode.classMask == Opcode.storeRegister { sources[index] = register(source) }
      if code & Opcode.modeMask == Opcode.atomic {
        if instruction.immediate == Opcode.compareAndExchange { nodes.pin(current[0]) }
        return instruction.immediate == Opcode.compareAndExchange ? current[0] : register(source)
      }
      guard let place = place(instruction) else { return nil }
      words[index] = begin(Int(place))
      return words[index]
    default:
      if code == Opcode.call {
        for number in 1..<6 where instruction.arguments &>> UInt16(number) & 1 != 0 { nodes.pin(current[number]) }
        let result = begin(0)
        nodes.pin(result)
        return result
      }
      if code == Opcode.exit {
        nodes.pin(current[0])
      } else {
        destinations[index] = register(destination)
        if code & Opcode.registerOperand != 0 { sources[index] = register(source) }
      }
      return nil
    }
  }

  /// Webs in place of nodes.
  private mutating func finish(_ nodes: consuming NodeForest, _ needs: [(node: Int32, gap: Int32)]) {
    let webs = nodes.webs()
    places = [UInt8](repeating: 0, count: webs.count)
    isPinned = [Bool](repeating: false, count: webs.count)
    for (node, web) in webs.ofNode.enumerated() {
      places[Int(web)] = nodes.places[node]
      if nodes.isPinned[node] { isPinned[Int(web)] = true }
    }
    for index in destinations.indices {
      if destinations[index] >= 0 { destinations[index] = webs.ofNode[Int(destinations[index])] }
      if sources[index] >= 0 { sources[index] = webs.ofNode[Int(sources[index])] }
      if words[index] >= 0 { words[index] = webs.ofNode[Int(words[index])] }
    }
    var ends = [Int32](repeating: 0, count: webs.count + 1)
    for need in needs { ends[Int(webs.ofNode[Int(need.node)]) + 1] += 1 }
    for web in 0..<webs.count { ends[web + 1] += ends[web] }
    gapRanges = (0..<webs.count).map { ends[$0]..<ends[$0 + 1] }
    gaps = [Int32](repeating: 0, count: needs.count)
    for need in needs {
      let web = Int(webs.ofNode[Int(need.node)])
      gaps[Int(ends[web])] = need.gap
      ends[web] += 1
    }
  }
}

/// Nodes that are joined to webs.
private struct NodeForest {
  private(set) var places: [UInt8] = []
  private(set) var isPinned: [Bool] = []
  private var parents: [Int32] = []

  mutating func add(_ place: UInt8) -> Int32 {
    places.append(place)
    isPinned.append(false)
    parents.append(Int32(parents.count))
    return Int32(parents.count - 1)
  }

  mutating func pin(_ node: Int32) { if node >= 0 { isPinned[Int(node)] = true } }

  private mutating func root(_ node: Int32) -> Int32 {
    var node = node
    while parents[Int(node)] != node {
      parents[Int(node)] = parents[Int(parents[Int(node)])]
      node = parents[Int(node)]
    }
    return node
  }

  mutating func join(_ left: Int32, _ right: Int32) {
    let (left, right) = (root(left), root(right))
    if left != right { parents[Int(right)] = left }
  }

  /// The web of each node.
  mutating func webs() -> (ofNode: [Int32], count: Int) {
    var ofNode = [Int32](repeating: -1, count: parents.count)
    var count: Int32 = 0
    for node in parents.indices {
      let root = Int(root(Int32(node)))
      if ofNode[root] < 0 {
        ofNode[root] = count
        count += 1
      }
      ofNode[node] = ofNode[root]
    }
    return (ofNode, Int(count))
  }
}
