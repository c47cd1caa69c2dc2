/// One instruction of a BPF program (RFC 9669), as the passes work on it. A wide one is one here.
struct Instruction: BitwiseCopyable {
  var code: UInt8
  var destination: UInt8 = 0
  var source: UInt8 = 0
  var offset: Int16 = 0
  var immediate: Int32 = 0
  /// Of a wide load, the upper half of what it loads.
  var upper: Int32 = 0
  /// What it reads or writes of the stack.
  var touch = StackTouch.nothing
  /// The place that it had in the program that came.
  var origin: Int32
  /// A call's arguments, as one bit for each register; 0 in all others.
  var arguments: UInt16 = 0

  init(code: UInt8, origin: Int32) {
    self.code = code
    self.origin = origin
  }

  /// One that leaves all as it was, for `DeadCode` to take out.
  static func nothing(_ origin: Int32) -> Self {
    Self(code: Opcode.arithmetic64 | Opcode.move | Opcode.registerOperand, origin: origin)
  }

  /// From the eight bytes that the kernel reads.
  init(word: UInt64, origin: Int32) {
    code = UInt8(truncatingIfNeeded: word)
    destination = UInt8(truncatingIfNeeded: word &>> 8) & 15
    source = UInt8(truncatingIfNeeded: word &>> 12) & 15
    offset = Int16(truncatingIfNeeded: word &>> 16)
    immediate = Int32(truncatingIfNeeded: word &>> 32)
    self.origin = origin
  }

  /// The eight bytes that the kernel reads; of a wide load, the first eight.
  var word: UInt64 {
    UInt64(code) | UInt64(destination) &<< 8 | UInt64(source) &<< 12 | UInt64(UInt16(bitPattern: offset)) &<< 16
      | UInt64(UInt32(bitPattern: immediate)) &<< 32
  }

  /// The second eight bytes of a wide load.
  var secondWord: UInt64 { UInt64(UInt32(bitPattern: upper)) &<< 32 }

  var isWide: Bool { code == Opcode.wideLoad }
  /// How many times eight bytes it takes.
  var size: Int { isWide ? 2 : 1 }

  /// Of arithmetic, whether the second operand is a register.
  var hasSource: Bool {
    code & Opcode.registerOperand != 0 && code & Opcode.operationMask != Opcode.byteOrder
      && code & Opcode.operationMask != Opcode.negate
  }
  /// Of an atomic operation, whether it gives what was there.
  var isFetch: Bool { immediate & Opcode.fetch != 0 }

  /// How many instructions the kernel adds to it at most: it writes out look-ups (kernel 6.18, `percpu_array_map_gen_lookup`).
  var patches: Int32 { code == Opcode.call && source == 0 ? 9 : 0 }

  /// Whether it leaves all as it was: a move of all bits from a register to itself. In a program that comes, that says that few
  /// packets come to its block (`rare` in bpf/proxy.bpf.c); no compiler writes it of itself.
  var movesToItself: Bool {
    code == Opcode.arithmetic64 | Opcode.move | Opcode.registerOperand && destination == source && offset == 0
  }

  /// Whether its immediate is a function.
  var isFunctionReference: Bool {
    code == Opcode.call && source == Opcode.callFunction || isWide && source == Opcode.function
  }

  /// Whether both do the same.
  func isEqual(to other: Self) -> Bool {
    word == other.word && upper == other.upper && touch == other.touch
  }
}

/// What an instruction reads or writes of the stack, as far as that is known.
enum StackTouch: BitwiseCopyable, Equatable {
  case nothing
  /// A load, a store or an atomic operation at an offset from the frame pointer.
  case access(Int16)
  /// A call that may read bytes from an offset on.
  case range(Int16, count: Int16)
  /// It may read any of it.
  case everything
}
