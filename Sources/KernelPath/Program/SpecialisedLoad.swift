import CBpf
import Glibc
import Synchronization

/// A load in which the kernel gets the specialised program in place of the object's: libbpf asks for it when the maps are there and
/// its own work on the instructions is done. While it lives, that load does.
final class SpecialisedLoad: @unchecked Sendable {
  /// Makes a program of one; nil where that cannot be. Then nothing is loaded.
  typealias Specialise = (UnsafeBufferPointer<UInt64>, ProgramSpecialiser.Facts) -> EncodedProgram?

  // libbpf calls back on the thread that loads, which holds this; nobody else looks inside.
  private let object: OpaquePointer
  private let program: OpaquePointer
  private let specialise: Specialise
  /// What libbpf hands to the kernel beside the instructions.
  private var records: [UnsafeMutableRawBufferPointer] = []
  /// How many instructions there are now; 0 before the load.
  private(set) var instructionCount = 0
  /// The records of source lines of what was loaded.
  private var lines = UnsafeRawBufferPointer(start: nil, count: 0)
  private var lineSize = 1

  init(_ object: OpaquePointer, _ program: OpaquePointer, _ specialise: @escaping Specialise) {
    self.specialise = specialise
    self.object = object
    self.program = program
  }

  deinit { for buffer in records { buffer.deallocate() } }

  /// Loads the object. 0, or a negative error as libbpf gives it.
  func run() -> Int32 {
    let key = UInt(bitPattern: program)
    Self.running.withLock { $0[key] = self }
    defer { Self.running.withLock { $0[key] = nil } }
    return bpf_object__load(object)
  }

  /// Where the verifier stopped, as long as this lives.
  var refusedPlace: RefusedPlace { RefusedPlace(lines, recordSize: lineSize, types: bpf_object__btf(object)) }

  // MARK: - libbpf's call

  private static let running = Mutex<[UInt: SpecialisedLoad]>([:])

  /// Once in a process: libbpf keeps pointers to what is registered.
  private static let registration: Int32 = {
    var options = libbpf_prog_handler_opts()
    options.sz = MemoryLayout<libbpf_prog_handler_opts>.size
    options.prog_prepare_load_fn = { program, options, _ in
      // Others of this process load their programs as they are.
      guard let load = SpecialisedLoad.running.withLock({ $0[UInt(bitPattern: program)] }) else { return 0 }
      guard let options else { return -EINVAL }
      return load.prepare(&options.pointee) ? 0 : -EINVAL
    }
    return libbpf_register_prog_handler("xdp", BPF_PROG_TYPE_XDP, BPF_XDP, &options)
  }()

  /// Comes before the object is opened: libbpf asks only for programs that it meets after it.
  static func register() { _ = registration }

  /// False where there is no specialised program.
  private func prepare(_ options: inout bpf_prog_load_opts) -> Bool {
    guard let facts, let instructions = bpf_program__insns(program) else { return false }
    let count = bpf_program__insn_cnt(program)
    let result = instructions.withMemoryRebound(to: UInt64.self, capacity: count) { words in
      specialise(UnsafeBufferPointer(start: words, count: count), facts)
    }
    guard let result else { return false }
    let isSet = result.words.withUnsafeBufferPointer { words in
      words.withMemoryRebound(to: bpf_insn.self) { words in
        bpf_program__set_insns(program, UnsafeMutablePointer(mutating: words.baseAddress), words.count) == 0
      }
    }
    guard isSet else { return false }
    instructionCount = result.words.count
    let oldLines = old(options.line_info, options.line_info_cnt, options.line_info_rec_size)
    lineSize = max(1, Int(options.line_info_rec_size))
    let lineRecords = keep(result.lineRecords(oldLines, recordSize: lineSize))
    lines = UnsafeRawBufferPointer(lineRecords)
    options.line_info = lineRecords.baseAddress.map { UnsafeRawPointer($0) }
    options.line_info_cnt = UInt32(lineRecords.count) / max(1, options.line_info_rec_size)
    let functions = old(options.func_info, options.func_info_cnt, options.func_info_rec_size)
    let functionRecords = keep(result.functionRecords(functions, recordSize: max(1, Int(options.func_info_rec_size))))
    options.func_info = functionRecords.baseAddress.map { UnsafeRawPointer($0) }
    options.func_info_cnt = UInt32(functionRecords.count) / max(1, options.func_info_rec_size)
    return true
  }

  private func old(_ start: UnsafeRawPointer?, _ count: UInt32, _ recordSize: UInt32) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(count) * Int(recordSize))
  }

  private func keep(_ bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
    buffer.copyBytes(from: bytes)
    records.append(buffer)
    return buffer
  }

  /// What is known beforehand: the bytes of the map that is frozen, and the maps' sizes.
  private var facts: ProgramSpecialiser.Facts? {
    var size = 0
    guard let readOnly = bpf_object__find_map_by_name(object, ".rodata"),
      let image = bpf_map__initial_value(readOnly, &size)
    else { return nil }
    var keySizes: [Int32: Int] = [:]
    var valueSizes: [Int32: Int] = [:]
    var map: OpaquePointer?
    while let next = bpf_object__next_map(object, map) {
      keySizes[bpf_map__fd(next)] = Int(bpf_map__key_size(next))
      valueSizes[bpf_map__fd(next)] = Int(bpf_map__value_size(next))
      map = next
    }
    return ProgramSpecialiser.Facts(
      image: Array(UnsafeRawBufferPointer(start: image, count: size)), imageDescriptor: bpf_map__fd(readOnly),
      keySizes: keySizes, valueSizes: valueSizes)
  }
}
