import CBpf
import Glibc
import KernelPath

/// What a program does with one frame, step by step: it is run here, on what its maps hold. That depends on no other load of the
/// machine, and neither on where in memory the kernel puts the program.
struct StepCount {
  /// Instructions, calls of helpers and functions included; a load of 64 bits is one.
  private(set) var steps = 0
  /// Jumps that do not go on with the next instruction.
  private(set) var jumps = 0
  /// Loads and stores on the stack.
  private(set) var stackAccesses = 0

  private let words: [UInt64]
  private var registers = [UInt64](repeating: 0, count: 11)
  private let stack = UnsafeMutableRawPointer.allocate(byteCount: 4 * 512, alignment: 8)
  /// The frame with room around it, and where it begins and ends.
  private let room = UnsafeMutableRawPointer.allocate(byteCount: 4_096, alignment: 8)
  private var data: UInt64
  private var end: UInt64
  private var mapValues: [UnsafeMutableRawPointer] = []

  private static let context: UInt64 = 0x1000
  private static let processors = Int(libbpf_num_possible_cpus())

  private init(_ words: [UInt64], _ frame: [UInt8]) {
    self.words = words
    room.copyMemory(from: frame, 256)
    data = UInt64(UInt(bitPattern: room)) + 256
    end = data + UInt64(frame.count)
  }

  /// - Parameter program: the instructions as the kernel got them.
  static func of(_ program: UnsafeBufferPointer<bpf_insn>, on frame: [UInt8]) throws(Failure) -> StepCount {
    let words = program.withMemoryRebound(to: UInt64.self) { Array($0) }
    var run = StepCount(words, frame)
    defer { run.free() }
    try run.run()
    return run
  }

  private func free() {
    stack.deallocate()
    room.deallocate()
    for value in mapValues { value.deallocate() }
  }

  private mutating func run() throws(Failure) {
    registers[1] = Self.context
    var frame = UInt64(UInt(bitPattern: stack)) + 512
    registers[10] = frame
    var callers: [(place: Int, registers: ArraySlice<UInt64>)] = []
    var place = 0
    while steps < 100_000 {
      guard words.indices.contains(place) else { throw Failure("the program leaves itself at \(place)") }
      let step = Step(words[place])
      steps += 1
      place += 1
      switch step.code & 7 {
      case 0:
        registers[step.destination] = try constant(step, words[place] >> 32)
        place += 1
      case 1:
        let address = registers[step.source] &+ step.offset
        note(address, frame)
        registers[step.destination] = try load(address, step.bytes)
      case 2, 3:
        let address = registers[step.destination] &+ step.offset
        note(address, frame)
        if step.code & 0xe0 == 0xc0 {
          try change(step, address)
        } else {
          store(step.code & 7 == 2 ? step.immediate : registers[step.source], address, step.bytes)
        }
      case 4, 7: try compute(step)
      default:
        switch step.code {
        case 0x95:
          guard let caller = callers.popLast() else { return }
          registers[6...9] = caller.registers
          place = caller.place
          frame -= 512
          registers[10] = frame
        case 0x85 where step.source == 1:
          callers.append((place, registers[6...9]))
          guard callers.count < 4 else { throw Failure("too many calls") }
          place += Int(Int32(truncatingIfNeeded: step.immediate))
          frame += 512
          registers[10] = frame
        case 0x85: registers[0] = try call(Int(step.immediate))
        case 0x05:
          place += step.distance
          jumps += 1
        case 0x06:
          place += Int(Int32(truncatingIfNeeded: step.immediate))
          jumps += 1
        default:
          if isTaken(step) {
            place += step.distance
            jumps += 1
          }
        }
      }
    }
    throw Failure("the program does not end")
  }

  // MARK: - Memory

  private mutating func note(_ address: UInt64, _ frame: UInt64) {
    if address < frame, address >= frame - 512 { stackAccesses += 1 }
  }

  private func load(_ address: UInt64, _ bytes: Int) throws(Failure) -> UInt64 {
    if address >= Self.context, address < Self.context + 24 {
      switch address - Self.context {
      case 0: return data
      case 4: return end
      // That of the loopback interface, as in a trial run.
      case 12: return 1
      default: throw Failure("reads \(address - Self.context) of its context")
      }
    }
    let place = UnsafeRawPointer(bitPattern: UInt(address))!
    return switch bytes {
    case 1: UInt64(place.load(as: UInt8.self))
    case 2: UInt64(place.loadUnaligned(as: UInt16.self))
    case 4: UInt64(place.loadUnaligned(as: UInt32.self))
    default: place.loadUnaligned(as: UInt64.self)
    }
  }

  private func store(_ value: UInt64, _ address: UInt64, _ bytes: Int) {
    withUnsafeBytes(of: value) {
      UnsafeMutableRawPointer(bitPattern: UInt(address))!.copyMemory(from: $0.baseAddress!, byteCount: bytes)
    }
  }

  private mutating func change(_ step: Step, _ address: UInt64) throws(Failure) {
    let old = try load(address, step.bytes)
    let operand = registers[step.source]
    switch step.immediate {
    case 0x00, 0x01: store(old &+ operand, address, step.bytes)
    case 0xf1: if old == registers[0] { store(operand, address, step.bytes) }
    default: throw Failure("does not know the atomic operation \(step.immediate)")
    }
    if step.immediate == 0x01 { registers[step.source] = old }
    if step.immediate == 0xf1 { registers[0] = old }
  }

  private mutating func constant(_ step: Step, _ upper: UInt64) throws(Failure) -> UInt64 {
    let lower = step.immediate & 0xffff_ffff
    switch step.source {
    case 0: return lower | upper << 32
    case 1: return lower
    case 2:
      var zero: UInt32 = 0
      return try value(Int32(lower), &zero) + upper
    default: throw Failure("does not know the constant of kind \(step.source)")
    }
  }

  /// A copy of a map's value; 0 where there is none.
  private mutating func value(_ map: Int32, _ key: UnsafeRawPointer) throws(Failure) -> UInt64 {
    var info = bpf_map_info()
    var size = UInt32(MemoryLayout<bpf_map_info>.size)
    guard bpf_obj_get_info_by_fd(map, &info, &size) == 0 else { throw Failure("there is no map \(map)") }
    let copy = UnsafeMutableRawPointer.allocate(
      byteCount: Int(info.value_size + 7) / 8 * 8 * Self.processors, alignment: 8)
    mapValues.append(copy)
    guard bpf_map_lookup_elem(map, key, copy) == 0 else { return 0 }
    return UInt64(UInt(bitPattern: copy))
  }

  // MARK: - Helpers

  private mutating func call(_ helper: Int) throws(Failure) -> UInt64 {
    switch helper {
    case 1: return try value(Int32(truncatingIfNeeded: registers[1]), UnsafeRawPointer(bitPattern: UInt(registers[2]))!)
    case 5, 160:
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    case 118: return 1_000_000
    case 44:
      data &+= UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: registers[2])))
      return 0
    case 65:
      end &+= UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: registers[2])))
      return 0
    default: throw Failure("calls helper \(helper)")
    }
  }

  // MARK: - Arithmetic

  private mutating func compute(_ step: Step) throws(Failure) {
    let right = step.hasRegister ? registers[step.source] : step.immediate
    let left = registers[step.destination]
    if step.code & 0xf0 == 0xd0 {
      let bits = step.immediate
      let low = bits == 64 ? left : left & (1 << bits - 1)
      registers[step.destination] = step.hasRegister ? low.byteSwapped >> (64 - bits) : low
      return
    }
    guard step.distance == 0 else { throw Failure("does not know \(step.code) with an offset") }
    let isWide = step.code & 7 == 7
    let mask: UInt64 = isWide ? .max : 0xffff_ffff
    registers[step.destination] = Self.result(step.code & 0xf0, left & mask, right & mask, isWide) & mask
  }

  private static func result(_ operation: UInt8, _ left: UInt64, _ right: UInt64, _ isWide: Bool) -> UInt64 {
    let shift = right & (isWide ? 63 : 31)
    return switch operation {
    case 0x00: left &+ right
    case 0x10: left &- right
    case 0x20: left &* right
    case 0x30: right == 0 ? 0 : left / right
    case 0x40: left | right
    case 0x50: left & right
    case 0x60: left << shift
    case 0x70: left >> shift
    case 0x80: 0 &- left
    case 0x90: right == 0 ? left : left % right
    case 0xa0: left ^ right
    case 0xb0: right
    default:
      UInt64(bitPattern: (isWide ? Int64(bitPattern: left) : Int64(Int32(truncatingIfNeeded: left))) >> Int64(shift))
    }
  }

  private func isTaken(_ step: Step) -> Bool {
    var left = registers[step.destination]
    var right = step.hasRegister ? registers[step.source] : step.immediate
    var (signedLeft, signedRight) = (Int64(bitPattern: left), Int64(bitPattern: right))
    if step.code & 7 == 6 {
      (left, right) = (left & 0xffff_ffff, right & 0xffff_ffff)
      (signedLeft, signedRight) = (Int64(Int32(truncatingIfNeeded: left)), Int64(Int32(truncatingIfNeeded: right)))
    }
    return switch step.code & 0xf0 {
    case 0x10: left == right
    case 0x20: left > right
    case 0x30: left >= right
    case 0x40: left & right != 0
    case 0x50: left != right
    case 0x60: signedLeft > signedRight
    case 0x70: signedLeft >= signedRight
    case 0xa0: left < right
    case 0xb0: left <= right
    case 0xc0: signedLeft < signedRight
    default: signedLeft <= signedRight
    }
  }
}

/// One instruction (RFC 9669).
private struct Step {
  let code: UInt8
  let destination: Int
  let source: Int
  /// How far a jump goes.
  let distance: Int
  /// Sign extended.
  let immediate: UInt64

  init(_ word: UInt64) {
    code = UInt8(truncatingIfNeeded: word)
    destination = Int(word >> 8 & 15)
    source = Int(word >> 12 & 15)
    distance = Int(Int16(truncatingIfNeeded: word >> 16))
    immediate = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: word >> 32)))
  }

  var offset: UInt64 { UInt64(bitPattern: Int64(distance)) }
  var hasRegister: Bool { code & 8 != 0 }
  var bytes: Int { [4, 2, 1, 8][Int(code >> 3 & 3)] }
}

extension UnsafeMutableRawPointer {
  fileprivate func copyMemory(from bytes: [UInt8], _ offset: Int) {
    (self + offset).copyMemory(from: bytes, byteCount: bytes.count)
  }
}
