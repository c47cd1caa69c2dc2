/// Takes out what has no effect.
enum DeadCode {
  /// Removes instructions whose results nobody reads, blocks that do nothing, and all but one of blocks that do the same.
  static func remove(from graph: FlowGraph) -> (graph: FlowGraph, liveness: Liveness) {
    var graph = graph
    var liveness = removeInstructions(&graph)
    // What a jump compared was read until the jump was gone.
    for _ in 0..<2 where joinBlocks(&graph) { liveness = removeInstructions(&graph) }
    graph.straighten()
    return (graph, liveness)
  }

  private static func removeInstructions(_ graph: inout FlowGraph) -> Liveness {
    let postorder = graph.postorder()
    let liveness = Liveness(graph, postorder)
    var isNeeded = [Bool](repeating: true, count: graph.instructions.count)
    for block in postorder {
      let place = graph.blocks[Int(block)]
      var live = liveness.atEnd(of: place)
      var index = Int(place.end)
      while index > Int(place.start) {
        index -= 1
        isNeeded[index] = Liveness.step(graph.instructions[index], &live)
      }
    }
    var instructions: [Instruction] = []
    instructions.reserveCapacity(graph.instructions.count)
    for block in graph.blocks.indices {
      let start = Int32(instructions.count)
      for index in Int(graph.blocks[block].start)..<Int(graph.blocks[block].end) where isNeeded[index] {
        instructions.append(graph.instructions[index])
      }
      graph.blocks[block].start = start
      graph.blocks[block].end = Int32(instructions.count)
    }
    graph.instructions = instructions
    return liveness
  }

  /// Lets jumps to blocks that do nothing, or the same as another, go where those go. Whether a jump had the same place on both
  /// sides and went.
  private static func joinBlocks(_ graph: inout FlowGraph) -> Bool {
    var stands = [Int32](repeating: -1, count: graph.blocks.count)
    var first: [UInt64: Int32] = [:]
    var removed = false
    for block in graph.postorder() {
      var place = graph.blocks[Int(block)]
      // What said that it is rare may be a block that does nothing any more.
      if place.branch >= 0 { place.branchIsRare = place.branchIsRare || graph.blocks[Int(place.branch)].isRare }
      if place.next >= 0 { place.nextIsRare = place.nextIsRare || graph.blocks[Int(place.next)].isRare }
      // A block of a loop that is not seen yet stands for itself.
      if place.branch >= 0, stands[Int(place.branch)] >= 0 { place.branch = stands[Int(place.branch)] }
      if place.next >= 0, stands[Int(place.next)] >= 0 { place.next = stands[Int(place.next)] }
      if place.branch >= 0, place.branch == place.next {
        place.branch = -1
        place.nextIsRare = place.nextIsRare && place.branchIsRare
        place.branchIsRare = false
        place.end -= 1
        removed = true
      }
      graph.blocks[Int(block)] = place
      if place.start == place.end, place.branch < 0, place.next >= 0, place.next != block {
        stands[Int(block)] = place.next
        if graph.functions.contains(block) { first = [:] }
        continue
      }
      stands[Int(block)] = block
      let hash = hash(place, graph)
      if let same = first[hash], isEqual(graph.blocks[Int(same)], place, graph) {
        stands[Int(block)] = same
      } else {
        first[hash] = block
      }
      // A function comes to its entry last, and shares no block with others.
      if graph.functions.contains(block) { first = [:] }
    }
    for function in graph.functions.indices where stands[Int(graph.functions[function])] >= 0 {
      let entry = graph.functions[function]
      let place = graph.blocks[Int(entry)]
      // A function begins with a block of its own.
      if place.start == place.end { graph.functions[function] = stands[Int(entry)] }
    }
    return removed
  }

  private static func hash(_ block: FlowGraph.Block, _ graph: FlowGraph) -> UInt64 {
    var hash = UInt64(UInt32(bitPattern: block.branch)) &<< 32 | UInt64(UInt32(bitPattern: block.next))
    for index in Int(block.start)..<Int(block.end) {
      hash = (hash ^ graph.instructions[index].word) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash &>> 29
    }
    return hash
  }

  private static func isEqual(_ left: FlowGraph.Block, _ right: FlowGraph.Block, _ graph: FlowGraph) -> Bool {
    guard left.branch == right.branch, left.next == right.next, left.end - left.start == right.end - right.start else {
      return false
    }
    return (0..<Int(left.end - left.start)).allSatisfy {
      graph.instructions[Int(left.start) + $0].isEqual(to: graph.instructions[Int(right.start) + $0])
    }
  }
}
