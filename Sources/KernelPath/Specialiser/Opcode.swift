/// The numbers of RFC 9669 that the passes know, and those of the kernel's include/uapi/linux/bpf.h.
enum Opcode {
  static let classMask: UInt8 = 0x07
  static let load: UInt8 = 0x00
  static let loadRegister: UInt8 = 0x01
  static let storeImmediate: UInt8 = 0x02
  static let storeRegister: UInt8 = 0x03
  static let arithmetic32: UInt8 = 0x04
  static let jump: UInt8 = 0x05
  static let jump32: UInt8 = 0x06
  static let arithmetic64: UInt8 = 0x07

  /// Of arithmetic and of jumps: the second operand is a register.
  static let registerOperand: UInt8 = 0x08
  static let operationMask: UInt8 = 0xf0

  static let sizeMask: UInt8 = 0x18
  static let word: UInt8 = 0x00
  static let halfWord: UInt8 = 0x08
  static let byte: UInt8 = 0x10
  static let doubleWord: UInt8 = 0x18

  static let modeMask: UInt8 = 0xe0
  static let memory: UInt8 = 0x60
  static let memorySigned: UInt8 = 0x80
  static let atomic: UInt8 = 0xc0

  static let wideLoad: UInt8 = 0x18
  static let goTo: UInt8 = 0x05
  /// With an offset of 32 bits: kernel 6.6.
  static let goToLong: UInt8 = 0x06
  static let call: UInt8 = 0x85
  static let exit: UInt8 = 0x95

  static func bytes(_ code: UInt8) -> Int {
    switch code & sizeMask {
    case word: 4
    case halfWord: 2
    case byte: 1
    default: 8
    }
  }

  // Arithmetic.
  static let add: UInt8 = 0x00
  static let subtract: UInt8 = 0x10
  static let multiply: UInt8 = 0x20
  static let divide: UInt8 = 0x30
  static let or: UInt8 = 0x40
  static let and: UInt8 = 0x50
  static let shiftLeft: UInt8 = 0x60
  static let shiftRight: UInt8 = 0x70
  static let negate: UInt8 = 0x80
  static let remainder: UInt8 = 0x90
  static let exclusiveOr: UInt8 = 0xa0
  static let move: UInt8 = 0xb0
  static let shiftRightArithmetic: UInt8 = 0xc0
  static let byteOrder: UInt8 = 0xd0

  // Jumps.
  static let equal: UInt8 = 0x10
  static let greater: UInt8 = 0x20
  static let greaterOrEqual: UInt8 = 0x30
  static let anyBit: UInt8 = 0x40
  static let notEqual: UInt8 = 0x50
  static let signedGreater: UInt8 = 0x60
  static let signedGreaterOrEqual: UInt8 = 0x70
  static let callOperation: UInt8 = 0x80
  static let exitOperation: UInt8 = 0x90
  static let less: UInt8 = 0xa0
  static let lessOrEqual: UInt8 = 0xb0
  static let signedLess: UInt8 = 0xc0
  static let signedLessOrEqual: UInt8 = 0xd0

  // The source of a wide load, and of a call.
  static let mapDescriptor: UInt8 = 1
  static let mapValue: UInt8 = 2
  static let function: UInt8 = 4
  static let callFunction: UInt8 = 1

  // Atomic operations.
  static let fetch: Int32 = 0x01
  static let compareAndExchange: Int32 = 0xf1
  static let exchange: Int32 = 0xe1
}

/// A helper of the kernel: what it does with the stack.
struct HelperCall {
  let argumentCount: UInt8
  /// Which arguments are pointers to memory that it reads, or writes, whose size is known.
  let memory: Memory

  /// Whether it may write memory that it has a pointer to.
  var mayWrite: Bool { memory == .sized || memory == .unknown }

  enum Memory {
    case none
    /// The second argument is a key of the map that is the first.
    case key
    /// The same, and the third is a value of that map.
    case entry
    /// The second argument is memory whose size is the third.
    case sized
    /// Not known: it may read and write whatever it has a pointer to.
    case unknown
  }

  init(_ number: Int32) {
    switch number {
    case 1, 3: (argumentCount, memory) = (2, .key)  // map_lookup_elem, map_delete_elem
    case 2: (argumentCount, memory) = (4, .entry)  // map_update_elem
    case 5, 7, 8, 118, 125, 160: (argumentCount, memory) = (0, .none)  // times, random number, processor
    case 44, 65: (argumentCount, memory) = (2, .none)  // xdp_adjust_head, xdp_adjust_tail
    case 51: (argumentCount, memory) = (3, .none)  // redirect_map
    case 69: (argumentCount, memory) = (4, .sized)  // fib_lookup
    default: (argumentCount, memory) = (5, .unknown)
    }
  }
}
