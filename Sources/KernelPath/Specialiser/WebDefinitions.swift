/// The instructions that write each web, but for those in whose place calls write.
struct WebDefinitions {
  private struct Definition: BitwiseCopyable {
    let instruction: Int32
    /// The gap behind it.
    let gap: Int32
    var next: Int32
  }

  private var all: [Definition] = []
  /// By web, the first one and the last one; -1 for none.
  private var first: [Int32]
  private var last: [Int32]

  init(_ graph: FlowGraph, _ webs: ValueWebs) {
    first = [Int32](repeating: -1, count: webs.count)
    last = first
    for block in webs.blocks {
      var gap = webs.firstGap[Int(block)]
      for index in Int(graph.blocks[Int(block)].start)..<Int(graph.blocks[Int(block)].end) {
        gap += 1
        let web = Self.web(writtenBy: graph.instructions[index], index, webs)
        guard web >= 0 else { continue }
        all.append(Definition(instruction: Int32(index), gap: gap, next: first[Int(web)]))
        first[Int(web)] = Int32(all.count - 1)
        if last[Int(web)] < 0 { last[Int(web)] = first[Int(web)] }
      }
    }
  }

  private static func web(writtenBy instruction: Instruction, _ index: Int, _ webs: ValueWebs) -> Int32 {
    switch instruction.code & Opcode.classMask {
    case Opcode.arithmetic32, Opcode.arithmetic64, Opcode.load, Opcode.loadRegister: webs.destinations[index]
    case Opcode.storeImmediate, Opcode.storeRegister:
      instruction.code & Opcode.modeMask != Opcode.atomic
        ? webs.words[index] : instruction.isFetch ? webs.sources[index] : -1
    default: -1
    }
  }

  /// Whether all of a web's fulfil a condition.
  func allSatisfy(of web: Int32, _ condition: (_ instruction: Int, _ gap: Int) -> Bool) -> Bool {
    var place = first[Int(web)]
    while place >= 0 {
      let definition = all[Int(place)]
      if !condition(Int(definition.instruction), Int(definition.gap)) { return false }
      place = definition.next
    }
    return true
  }

  /// Gives a web's to another one.
  mutating func move(from web: Int32, to other: Int32) {
    guard first[Int(web)] >= 0 else { return }
    all[Int(last[Int(web)])].next = first[Int(other)]
    first[Int(other)] = first[Int(web)]
    if last[Int(other)] < 0 { last[Int(other)] = last[Int(web)] }
    (first[Int(web)], last[Int(web)]) = (-1, -1)
  }
}
