import CBpf
import Glibc
import KernelPath

/// A program that is run on frames, beside the proxy's own.
final class LoadedProgram {
  private let object: OpaquePointer
  let descriptor: Int32
  private let program: OpaquePointer

  /// - Parameters:
  ///   - maps: those that it shares; what it has beside them it gets anew.
  ///   - constants: its read-only data, if it has some.
  init(_ path: String, sharing maps: KernelMaps? = nil, constants: [UInt8] = []) throws {
    let log = UnsafeMutablePointer<CChar>.allocate(capacity: 1 << 20)
    defer { log.deallocate() }
    log[0] = 0
    var options = bpf_object_open_opts()
    options.sz = MemoryLayout<bpf_object_open_opts>.size
    options.kernel_log_buf = log
    options.kernel_log_size = 1 << 20
    guard let object = bpf_object__open_file(path, &options) else { throw Failure("\(path) is no program") }
    self.object = object
    do {
      try maps?.shared.give(to: object, anew: [])
      if !constants.isEmpty {
        let map = bpf_object__find_map_by_name(object, ".rodata")
        guard bpf_map__set_initial_value(map, constants, constants.count) == 0 else {
          throw Failure("\(path): its read-only data has another size")
        }
      }
      guard bpf_object__load(object) == 0, let program = bpf_object__find_program_by_name(object, "proxy") else {
        throw Failure(
          "\(path): the kernel refuses it: \(String(cString: strerror(errno)))\n\(String(cString: log).suffix(1_000))")
      }
      descriptor = bpf_program__fd(program)
      self.program = program
    } catch {
      bpf_object__close(object)
      throw error
    }
  }

  deinit { bpf_object__close(object) }

  /// What the kernel got, for as long as this lives.
  var instructions: UnsafeBufferPointer<bpf_insn> {
    UnsafeBufferPointer(start: bpf_program__insns(program), count: bpf_program__insn_cnt(program))
  }

  /// Sets the program that this one calls.
  func call(_ program: Int32) throws(Failure) {
    var (zero, program) = (UInt32(0), program)
    guard bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "tested"), &zero, &program, 0) == 0 else {
      throw Failure("cannot set the program under test")
    }
  }

  /// How many instructions the verifier walked, and how many there are.
  static func size(of descriptor: Int32) -> (verified: Int, instructions: Int) {
    var info = bpf_prog_info()
    var size = UInt32(MemoryLayout<bpf_prog_info>.size)
    guard bpf_obj_get_info_by_fd(descriptor, &info, &size) == 0 else { return (0, 0) }
    return (Int(info.verified_insns), Int(info.xlated_prog_len) / 8)
  }
}

/// Runs programs on one frame (BPF_PROG_TEST_RUN).
struct FrameRunner {
  private(set) var frame: UnsafeMutableBufferPointer<UInt8>
  private let output = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 512)

  init(_ bytes: [UInt8]) {
    frame = .allocate(capacity: bytes.count)
    _ = frame.initialize(from: bytes)
  }

  func free() {
    frame.deallocate()
    output.deallocate()
  }

  /// Nanoseconds that each of `times` runs took.
  func run(_ descriptor: Int32, times: Int32 = 1) throws(Failure) -> UInt32 {
    try run(descriptor, times).duration
  }

  /// What comes out.
  func output(of descriptor: Int32) throws(Failure) -> [UInt8] {
    let options = try run(descriptor, 1)
    return Array(output.prefix(Int(options.data_size_out)))
  }

  private func run(_ descriptor: Int32, _ times: Int32) throws(Failure) -> bpf_test_run_opts {
    var options = bpf_test_run_opts()
    options.sz = MemoryLayout<bpf_test_run_opts>.size
    options.repeat = times
    options.data_in = UnsafeRawPointer(frame.baseAddress)
    options.data_size_in = UInt32(frame.count)
    options.data_out = UnsafeMutableRawPointer(output.baseAddress)
    options.data_size_out = UInt32(output.count)
    guard bpf_prog_test_run_opts(descriptor, &options) == 0 else {
      throw Failure("the trial run failed: \(String(cString: strerror(errno)))")
    }
    guard options.retval == 3 else { throw Failure("the program returned \(options.retval), and not XDP_TX") }
    return options
  }
}

extension Array where Element: Comparable {
  var median: Element { sorted()[count / 2] }
}
