/// What a run took.
public struct StepCount {
  /// Instructions, calls of helpers and functions included; a load of 64 bits is one.
  public internal(set) var steps = 0
  /// Jumps that do not go on with the next instruction.
  public internal(set) var jumps = 0
  /// Loads and stores on the stack.
  public internal(set) var stackAccesses = 0
}
