/// How often each block is reached, as a guess: most packets go on, and the compiler put what is rare off the straight way.
struct BlockWeights {
  private let weights: [Float]

  subscript(_ block: Int32) -> Float { weights[Int(block)] }

  init(_ graph: FlowGraph) {
    let order = graph.postorder()
    // By block, whether it comes to where the packet is sent.
    var sends = [Bool](repeating: false, count: graph.blocks.count)
    for block in order {
      let place = graph.blocks[Int(block)]
      sends[Int(block)] =
        place.branch >= 0 && sends[Int(place.branch)] || place.next >= 0 && sends[Int(place.next)]
        || graph.instructions[Int(place.start)..<Int(place.end)].contains { $0.isHelperCall(HelperCall.redirect) }
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
      let toBranch: Float =
        sends[Int(place.branch)] == sends[Int(place.next)] ? 0.25 : sends[Int(place.branch)] ? 0.98 : 0.02
      weights[Int(place.branch)] += weight * toBranch
      weights[Int(place.next)] += weight * (1 - toBranch)
    }
    self.weights = weights
  }
}
