/// How often each block is reached, as a guess: what the program's author called unlikely is rare, and so is what ends early, since most
/// packets go on.
struct BlockWeights {
  /// How much of a block's weight goes where few packets go.
  private static let rare: Float = 0.02

  private let weights: [Float]

  subscript(_ block: Int32) -> Float { weights[Int(block)] }

  /// Whether few of all packets come to a block: no more than go a rare way from the start, or half as many again.
  func isRare(_ block: Int32) -> Bool { self[block] < 1.5 * Self.rare }

  init(_ graph: FlowGraph) {
    let order = graph.postorder()
    // By block, how many instructions there are at most from its start to an end.
    var lengths = [Int32](repeating: 0, count: graph.blocks.count)
    for block in order {
      let place = graph.blocks[Int(block)]
      let branch = place.branch >= 0 ? lengths[Int(place.branch)] : 0
      let next = place.next >= 0 ? lengths[Int(place.next)] : 0
      lengths[Int(block)] = max(branch, next) + place.end - place.start
    }
    var weights = [Float](repeating: 0, count: graph.blocks.count)
    for function in graph.functions { weights[Int(function)] = 1 }
    for block in order.reversed() {
      let place = graph.blocks[Int(block)]
      let weight = weights[Int(block)]
      guard place.branch >= 0 else {
        if place.next >= 0 { weights[Int(place.next)] += weight }
        continue
      }
      let toBranch = Self.shareOfBranch(place, lengths)
      weights[Int(place.branch)] += weight * toBranch
      weights[Int(place.next)] += weight * (1 - toBranch)
    }
    self.weights = weights
  }

  private static func shareOfBranch(_ block: FlowGraph.Block, _ lengths: [Int32]) -> Float {
    if block.branchIsRare != block.nextIsRare { return block.branchIsRare ? rare : 1 - rare }
    let (branch, next) = (lengths[Int(block.branch)], lengths[Int(block.next)])
    return branch < next / 2 ? rare : next < branch / 2 ? 1 - rare : 0.5
  }
}
