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
}
