import CBpf
public import CDataPath
import FilterKit
import Glibc

/// The generic XDP program, loaded with the image of one chain. Owns its maps.
public final class KernelProgram: @unchecked Sendable {
  /// How many entries the live maps hold; fixed when the program is loaded.
  public struct Sizes: Sendable {
    public var tokens = 1_024
    public var sessions = 1_024
    public init() {}
  }

  // libbpf's object is used from one thread at a time: here and in deinit.
  private let object: OpaquePointer
  private let program: OpaquePointer
  let tokens: KernelMap<token_key, token_entry>
  let sessions: KernelMap<session_key, route_entry>
  let replies: KernelMap<reply_key, route_entry>
  let defaults: KernelMap<UInt32, default_route>
  let interfaces: KernelMap<UInt32, UInt32>
  public let counters: KernelCounters
  /// How many instructions the verifier walked.
  public let verifiedInstructions: Int
  /// How many instructions were loaded.
  public let instructionCount: Int
  /// Why the kernel refused the specialised program, where it did; then the generic one runs.
  public let specialisationRefusal: KernelPathError?

  /// - Parameter specialising: whether to load what is left of the program for this image, and not all of it. Both do the same.
  public convenience init(
    _ image: image, sizes: Sizes = Sizes(), specialising: Bool = true
  ) throws(KernelPathError) {
    let specialise: SpecialisedLoad.Specialise = { ProgramSpecialiser.specialise($0, $1) }
    try self.init(image, sizes, specialise: specialising ? specialise : nil)
  }

  /// - Parameter specialise: makes the program that the kernel gets first; where it is refused, the kernel gets the generic one.
  init(_ image: image, _ sizes: Sizes, specialise: SpecialisedLoad.Specialise?) throws(KernelPathError) {
    libbpf_set_print(nil)
    let log = UnsafeMutablePointer<CChar>.allocate(capacity: Self.logSize)
    defer { log.deallocate() }
    var refusal: KernelPathError?
    var loaded: Loaded?
    if let specialise {
      do throws(KernelPathError) {
        loaded = try Self.load(image, sizes, specialise, log)
      } catch {
        guard case .notVerified = error else { throw error }
        refusal = error
      }
    }
    // Not `??`: it does not take what throws this error.
    let result: Loaded
    if let loaded { result = loaded } else { result = try Self.load(image, sizes, nil, log) }
    object = result.object
    program = result.program
    instructionCount = result.instructionCount
    specialisationRefusal = refusal
    let object = object
    func map(_ name: String) -> Int32 { bpf_object__find_map_fd_by_name(object, name) }
    tokens = KernelMap(map("tokens"))
    sessions = KernelMap(map("sessions"))
    replies = KernelMap(map("replies"))
    defaults = KernelMap(map("defaults"))
    interfaces = KernelMap(map("interfaces"))
    counters = KernelCounters(map("counters"))
    verifiedInstructions = Self.verifiedInstructions(bpf_program__fd(program))
  }

  deinit { bpf_object__close(object) }

  var descriptor: Int32 { bpf_program__fd(program) }

  // MARK: - Loading

  // A refused program's log is as long as the way the verifier went.
  private static let logSize = 1 << 20

  private struct Loaded {
    let object: OpaquePointer
    let program: OpaquePointer
    let instructionCount: Int
  }

  private static func load(
    _ image: image, _ sizes: Sizes, _ specialise: SpecialisedLoad.Specialise?, _ log: UnsafeMutablePointer<CChar>
  ) throws(KernelPathError) -> Loaded {
    log[0] = 0
    let object = try open(log)
    do throws(KernelPathError) {
      try prepare(object, image, sizes)
      guard let program = bpf_object__find_program_by_name(object, "proxy") else {
        throw .system(call: "look-up of the program", errno: ENOENT)
      }
      let specialised = specialise.map { SpecialisedLoad(object, program, $0) }
      guard (specialised?.run() ?? bpf_object__load(object)) == 0 else { throw failure(errno, log) }
      let count = specialised?.instructionCount ?? Int(bpf_program__insn_cnt(program))
      return Loaded(object: object, program: program, instructionCount: count)
    } catch {
      bpf_object__close(object)
      throw error
    }
  }

  private static func open(_ log: UnsafeMutablePointer<CChar>) throws(KernelPathError) -> OpaquePointer {
    let object = "proxy".withCString { name in
      var options = bpf_object_open_opts()
      options.sz = MemoryLayout<bpf_object_open_opts>.size
      options.object_name = name
      options.kernel_log_buf = log
      options.kernel_log_size = logSize
      // The reason of a refusal and the figures at the end, not every step.
      options.kernel_log_level = 4
      return ProgramObject.withBytes { bpf_object__open_mem($0.baseAddress, $0.count, &options) }
    }
    guard let object else { throw .system(call: "opening of the program", errno: errno) }
    return object
  }

  private static func prepare(_ object: OpaquePointer, _ image: image, _ sizes: Sizes) throws(KernelPathError) {
    guard let readOnly = bpf_object__find_map_by_name(object, ".rodata") else {
      throw .system(call: "look-up of the image", errno: ENOENT)
    }
    // The image stands first; other constants of the program behind it keep what they have.
    var size = 0
    guard let initial = bpf_map__initial_value(readOnly, &size), size >= MemoryLayout<image>.size else {
      throw .system(call: "look-up of the image", errno: EINVAL)
    }
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
    defer { bytes.deallocate() }
    bytes.copyMemory(from: UnsafeRawBufferPointer(start: initial, count: size))
    bytes.storeBytes(of: image, as: CDataPath.image.self)
    guard bpf_map__set_initial_value(readOnly, bytes.baseAddress, size) == 0 else {
      throw .system(call: "writing of the image", errno: errno)
    }
    for (name, entries) in [("tokens", sizes.tokens), ("sessions", sizes.sessions), ("replies", sizes.sessions)] {
      bpf_map__set_max_entries(bpf_object__find_map_by_name(object, name), UInt32(clamping: max(1, entries)))
    }
  }

  private static func failure(_ error: Int32, _ log: UnsafeMutablePointer<CChar>) -> KernelPathError {
    let text = String(cString: log)
    if error == EPERM && text.isEmpty { return .notPermitted }
    guard !text.isEmpty else { return .system(call: "loading of the program", errno: error) }
    // The figures come last; the reason stands before them.
    let lines = text.split(separator: "\n").filter { line in
      !["processed ", "verification time", "stack depth"].contains { line.hasPrefix($0) }
    }
    return .notVerified(line: lines.last.map(String.init) ?? text, log: text)
  }

  private static func verifiedInstructions(_ descriptor: Int32) -> Int {
    var info = bpf_prog_info()
    var size = UInt32(MemoryLayout<bpf_prog_info>.size)
    return bpf_obj_get_info_by_fd(descriptor, &info, &size) == 0 ? Int(info.verified_insns) : 0
  }
}
