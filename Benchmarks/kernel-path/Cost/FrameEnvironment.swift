import BPFInterpreter
import CBpf
import FilterKit

/// What an XDP program has around it when it is run on one frame, on what its maps hold. That depends on no other load of the machine, and
/// neither on where in memory the kernel puts the program.
struct FrameEnvironment: ProgramEnvironment {
  var memory = ProgramMemory()
  private let context: UInt64

  /// What is free in front of a frame, and the memory of both.
  private static let headroom = 256
  private static let room = 4_096
  private static let processors = Int(libbpf_num_possible_cpus())

  private init(_ frame: [UInt8]) {
    let rest = [UInt8](repeating: 0, count: Self.room - Self.headroom - frame.count)
    let data = UInt32(memory.add([UInt8](repeating: 0, count: Self.headroom) + frame + rest)) + UInt32(Self.headroom)
    // The interface is that of loopback, as in a trial run.
    let fields = xdp_md(
      data: data, data_end: data + UInt32(frame.count), data_meta: data, ingress_ifindex: 1, rx_queue_index: 0,
      egress_ifindex: 0)
    context = memory.add(withUnsafeBytes(of: fields) { Array($0) })
  }

  /// What a program does with a frame.
  /// - Parameter program: the instructions as the kernel got them.
  static func run(_ program: UnsafeBufferPointer<bpf_insn>, on frame: [UInt8]) throws(ProgramFailure) -> StepCount {
    let environment = FrameEnvironment(frame)
    var interpreter = Interpreter(program.withMemoryRebound(to: UInt64.self) { Array($0) }, in: environment)
    _ = try interpreter.run(environment.context)
    return interpreter.count
  }

  mutating func value(of map: Int32) throws(ProgramFailure) -> UInt64 {
    try value(of: map, withUnsafeBytes(of: UInt32(0)) { Array($0) })
  }

  /// A copy of a map's value; 0 where there is none.
  private mutating func value(of map: Int32, _ key: [UInt8]) throws(ProgramFailure) -> UInt64 {
    let info = try Self.info(map)
    var copy = [UInt8](repeating: 0, count: Int(info.value_size + 7) / 8 * 8 * Self.processors)
    return bpf_map_lookup_elem(map, key, &copy) == 0 ? memory.add(copy) : 0
  }

  private static func info(_ map: Int32) throws(ProgramFailure) -> bpf_map_info {
    var info = bpf_map_info()
    var size = UInt32(MemoryLayout<bpf_map_info>.size)
    guard bpf_obj_get_info_by_fd(map, &info, &size) == 0 else { throw ProgramFailure("there is no map \(map)") }
    return info
  }

  mutating func call(_ helper: Int32, _ arguments: ArraySlice<UInt64>) throws(ProgramFailure) -> UInt64 {
    switch helper {
    case 1:
      let map = Int32(truncatingIfNeeded: arguments[1])
      return try value(of: map, memory.bytes(Int(Self.info(map).key_size), at: arguments[2]))
    case 5, 160: return SystemClock.monotonic
    case 118: return 1_000_000
    case 44: return try move(\.data, by: arguments[2])
    case 65: return try move(\.data_end, by: arguments[2])
    default: throw ProgramFailure("calls helper \(helper)")
    }
  }

  /// Moves an end of the frame.
  private mutating func move(_ end: KeyPath<xdp_md, UInt32>, by distance: UInt64) throws(ProgramFailure) -> UInt64 {
    let field = context + UInt64(MemoryLayout<xdp_md>.offset(of: end)!)
    try memory.store(memory.load(4, at: field) &+ distance, 4, at: field)
    return 0
  }
}
