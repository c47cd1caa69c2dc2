/// A program as basic blocks.
struct FlowGraph {
  /// Instructions in a row. With a `branch`, the last one is a conditional jump.
  struct Block: BitwiseCopyable {
    var start: Int32
    var end: Int32
    /// The block behind a jump that is taken; -1 for none.
    var branch: Int32 = -1
    /// The block that follows otherwise; -1 where the last instruction leaves the function.
    var next: Int32 = -1
    /// Whether few packets go this way, as the program's author said.
    var branchIsRare = false
    var nextIsRare = false

    /// Whether few packets come to the block at all, since each way on is rare.
    var isRare: Bool { next >= 0 && nextIsRare && (branch < 0 || branchIsRare) }
  }

  var instructions: [Instruction] = []
  var blocks: [Block] = []
  /// The first block of each function; the program's own comes first. Calls of functions have the place in here as their immediate.
  var functions: [Int32] = []
  /// For each function, where it began in the program that came.
  var functionOrigins: [Int32] = []

  /// Each block once, its successors first; those that the functions reach. Loops are cut somewhere.
  func postorder() -> [Int32] {
    var order: [Int32] = []
    order.reserveCapacity(blocks.count)
    // 0: not seen. 1: the branch comes next. 2: the next block comes next. 3: done.
    var stage = [UInt8](repeating: 0, count: blocks.count)
    var open: [Int32] = []
    for function in functions where function >= 0 && stage[Int(function)] == 0 {
      open.append(function)
      stage[Int(function)] = 1
      while let block = open.last {
        let index = Int(block)
        let step = stage[index]
        if step == 3 {
          open.removeLast()
          order.append(block)
          continue
        }
        stage[index] = step + 1
        let successor = step == 1 ? blocks[index].branch : blocks[index].next
        if successor >= 0, stage[Int(successor)] == 0 {
          stage[Int(successor)] = 1
          open.append(successor)
        }
      }
    }
    return order
  }

  /// Puts a block that is reached from one place alone, and always from there, into the block that it is reached from.
  mutating func straighten() {
    var ways = [Int32](repeating: 0, count: blocks.count)
    let order = postorder()
    for block in order {
      if blocks[Int(block)].branch >= 0 { ways[Int(blocks[Int(block)].branch)] += 1 }
      if blocks[Int(block)].next >= 0 { ways[Int(blocks[Int(block)].next)] += 1 }
    }
    for entry in functions { ways[Int(entry)] += 2 }
    var isAbsorbed = [Bool](repeating: false, count: blocks.count)
    var straight: [Instruction] = []
    straight.reserveCapacity(instructions.count)
    for block in order.reversed() where !isAbsorbed[Int(block)] {
      let start = Int32(straight.count)
      var part = blocks[Int(block)]
      straight += instructions[Int(part.start)..<Int(part.end)]
      while part.branch < 0, part.next >= 0, ways[Int(part.next)] == 1, part.next != block {
        isAbsorbed[Int(part.next)] = true
        part = blocks[Int(part.next)]
        straight += instructions[Int(part.start)..<Int(part.end)]
      }
      part.start = start
      part.end = Int32(straight.count)
      blocks[Int(block)] = part
    }
    instructions = straight
    var isStarted = [Bool](repeating: false, count: blocks.count)
    for block in order where !isAbsorbed[Int(block)] { isStarted[Int(block)] = true }
    for block in blocks.indices where !isStarted[block] { blocks[block] = Block(start: 0, end: 0) }
  }
}
