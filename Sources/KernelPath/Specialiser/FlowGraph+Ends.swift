extension FlowGraph {
  /// How many instructions an end may have that stands at each place that it is reached from: one more than a jump.
  private static let shortEnd = 2

  /// The same with no jump to the end of a function where the end is as short as the jump.
  func withEndsInPlace() -> Self {
    var result = self
    result.instructions.removeAll(keepingCapacity: true)
    for index in blocks.indices {
      var block = blocks[index]
      let start = Int32(result.instructions.count)
      result.instructions += instructions[Int(block.start)..<Int(block.end)]
      if block.branch < 0, block.next >= 0, let end = shortEnd(Int(block.next)) {
        result.instructions += end
        block.next = -1
      }
      block.start = start
      block.end = Int32(result.instructions.count)
      result.blocks[index] = block
    }
    return result
  }

  private func shortEnd(_ block: Int) -> ArraySlice<Instruction>? {
    let place = blocks[block]
    guard place.branch < 0, place.next < 0, (1...Self.shortEnd).contains(Int(place.end - place.start)) else {
      return nil
    }
    return instructions[Int(place.start)..<Int(place.end)]
  }
}
