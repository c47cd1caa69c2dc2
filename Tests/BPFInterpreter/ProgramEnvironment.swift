/// What a program has around it: memory, maps, and the helpers that it calls.
public protocol ProgramEnvironment {
  /// The interpreter adds the stack.
  var memory: ProgramMemory { get set }

  /// Where the first value of a map is.
  mutating func value(of map: Int32) throws(ProgramFailure) -> UInt64

  /// Does what a helper does.
  /// - Parameter arguments: r1 to r5, by these numbers.
  /// - Returns: r0.
  mutating func call(_ helper: Int32, _ arguments: ArraySlice<UInt64>) throws(ProgramFailure) -> UInt64
}
