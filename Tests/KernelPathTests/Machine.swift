import BPFInterpreter

/// What programs are compared in: one map, and two helpers. One helper gives a number; the other looks up in a map, whose values are
/// numbers made of the key's eight bytes.
struct Machine: ProgramEnvironment {
  var memory = ProgramMemory()
  private let context: UInt64
  private let image: UInt64

  struct Result: Equatable {
    /// r0 at the end.
    var value: UInt64
    /// What the program left in its context.
    var context: [UInt8]
  }

  private init(_ context: [UInt8], _ image: [UInt8]) {
    self.context = memory.add(context)
    self.image = memory.add(image, isWritable: false)
  }

  /// - Parameter context: what r1 points to, which a program may read and write.
  /// - Returns: nil where the program leaves its memory or does not end.
  static func run(_ words: [UInt64], context: [UInt8], image: [UInt8]) -> Result? {
    let machine = Machine(context, image)
    var interpreter = Interpreter(words, in: machine)
    guard let value = try? interpreter.run(machine.context),
      let left = try? interpreter.environment.memory.bytes(context.count, at: machine.context)
    else { return nil }
    return Result(value: value, context: left)
  }

  func value(of map: Int32) -> UInt64 { image }

  func call(_ helper: Int32, _ arguments: ArraySlice<UInt64>) throws(ProgramFailure) -> UInt64 {
    switch helper {
    case 1: (try memory.load(8, at: arguments[2]) ^ 0x5555) &* 0x9e37_79b9_7f4a_7c15
    case 5: 0x1234_5678_9abc_def0
    default: throw ProgramFailure("calls helper \(helper)")
    }
  }
}
