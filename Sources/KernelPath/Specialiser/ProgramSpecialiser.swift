/// Makes of the generic program one for a single image: a pure function of the program's instructions and of the image.
///
/// The verifier knows the image too, and takes out the ways that a chain does not go. But it leaves what leads there: loads of
/// constants, their copies on the stack, comparisons' operands. Here they go, and what is left moves together, so that jumps
/// which are too far for 16 bits in the generic program are ordinary ones in the result.
enum ProgramSpecialiser {
  typealias Facts = PartialEvaluator.Facts

  /// How many times a block may be written for different constants.
  static let variantLimit = 24

  /// Nil where the program has instructions that the passes do not know.
  static func specialise(_ words: UnsafeBufferPointer<UInt64>, _ facts: Facts) -> EncodedProgram? {
    // At first each block once: what no way leads to goes, and what is left says which values are read where.
    guard let program = FlowGraph(words), let reached = PartialEvaluator.residue(of: program, facts, limit: 1) else {
      return nil
    }
    let (smaller, liveness) = DeadCode.remove(from: reached)
    guard let residue = PartialEvaluator.residue(of: smaller, facts, liveness, limit: variantLimit) else { return nil }
    let forwarded = DeadCode.remove(from: CopyForwarding.run(DeadCode.remove(from: residue).graph)).graph
    return DeadCode.remove(from: RegisterAssignment.run(forwarded)).graph.encoded()
  }
}
