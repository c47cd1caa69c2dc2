/// Makes of the generic program one for a single image: a pure function of the program's instructions and of the image.
///
/// The verifier knows the image too, and takes out the ways that a chain does not go. But it leaves what leads there: loads of
/// constants, their copies on the stack, comparisons' operands. Here they go, and what is left moves together, so that jumps
/// which are too far for 16 bits in the generic program are ordinary ones in the result.
enum ProgramSpecialiser {
  typealias Facts = PartialEvaluator.Facts

  /// How many times a block may be written for different constants: the first number with which what is left is small enough.
  static let variantLimits = [160, 48, 24]
  /// How many instructions are few enough, with those that the kernel adds: so many, less some jumps, ordinary jumps reach over.
  static let size = 30_000

  /// Nil where the program has instructions that the passes do not know.
  static func specialise(_ words: UnsafeBufferPointer<UInt64>, _ facts: Facts) -> EncodedProgram? {
    // At first each block once: what no way leads to goes, and what is left says which values are read where.
    guard let program = FlowGraph(words), let reached = PartialEvaluator.residue(of: program, facts, limit: 1) else {
      return nil
    }
    let (smaller, liveness) = DeadCode.remove(from: reached)
    var residue: FlowGraph?
    for limit in variantLimits where residue == nil {
      let room = limit == variantLimits.last ? Int.max : size
      residue = PartialEvaluator.residue(of: smaller, facts, liveness, limit: limit, room: room)
        .map { DeadCode.remove(from: $0).graph }
      if let found = residue, found.patchedSize > room { residue = nil }
    }
    guard let residue else { return nil }
    let forwarded = DeadCode.remove(from: CopyForwarding.run(residue)).graph
    let assigned = CopyForwarding.run(RegisterAssignment.run(forwarded))
    return DeadCode.remove(from: assigned).graph.withEndsInPlace().encoded()
  }
}
