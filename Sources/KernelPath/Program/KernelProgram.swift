package import CBpf
public import CDataPath
public import FilterKit
import Glibc

/// The generic XDP program, loaded with the image of one chain.
public final class KernelProgram: @unchecked Sendable {
  // libbpf's object is used from one thread at a time: here and in deinit.
  private let object: OpaquePointer
  private let program: OpaquePointer
  public let maps: KernelMaps
  /// How many instructions the verifier walked.
  public let verifiedInstructions: Int
  /// How many instructions were loaded.
  public let instructionCount: Int

  /// Loads what is left of the program for an image.
  ///
  /// - Parameter object: the one whose slots the image has.
  /// - Parameter others: maps that it shares, but for those of the roles in `anew`.
  public convenience init(
    _ image: image, in object: ProgramObject, sizes: KernelMaps.Sizes = KernelMaps.Sizes(),
    sharing others: KernelMaps? = nil, anew: Set<KernelMaps.Role> = []
  ) throws(KernelPathError) {
    try self.init(image, in: object, sizes: sizes, sharing: others?.shared, anew: anew)
  }

  /// The same around maps that need not be all of a program's.
  convenience init(
    _ image: image, in object: ProgramObject, sizes: KernelMaps.Sizes, sharing others: SharedMaps?,
    anew: Set<KernelMaps.Role>
  ) throws(KernelPathError) {
    try self.init(Request(image: image, object: object, sizes: sizes, others: others, anew: anew)) {
      ProgramSpecialiser.specialise($0, $1)
    }
  }

  /// - Parameter specialise: makes the program that the kernel gets. It never gets all of it: that is more than its branches reach
  ///   over, and than kernels up to 6.18 at least can remove dead code from.
  init(_ request: Request, specialise: @escaping SpecialisedLoad.Specialise) throws(KernelPathError) {
    let loaded = try KernelLog.whileReporting { () throws(KernelPathError) -> Loaded in
      do throws(KernelPathError) { return try Self.load(request, specialise, log: .reason) } catch {
        guard case .notVerified(let line, _, _) = error else { throw error }
        // Refused again, with the way to where the verifier stopped, or with every step that it went.
        let isVerbose = KernelLog.isVerbose
        do throws(KernelPathError) { return try Self.load(request, specialise, log: isVerbose ? .steps : .way) } catch {
          guard case .notVerified(_, let place, let log) = error else { throw error }
          if isVerbose { KernelLog.write(.debug, log) }
          throw .notVerified(line: line, place: place, log: log)
        }
      }
    }
    object = loaded.object
    program = loaded.program
    maps = loaded.maps
    instructionCount = loaded.instructionCount
    verifiedInstructions = Self.verifiedInstructions(bpf_program__fd(loaded.program))
  }

  deinit { bpf_object__close(object) }

  public var counters: KernelCounters { maps.counters }

  package var descriptor: Int32 { bpf_program__fd(program) }

  /// What the kernel got, for as long as this lives.
  package var instructions: UnsafeBufferPointer<bpf_insn> {
    UnsafeBufferPointer(start: bpf_program__insns(program), count: bpf_program__insn_cnt(program))
  }

  // MARK: - Loading

  /// What the verifier writes to its log.
  private enum LogDetail {
    /// The reason of a refusal and the figures at the end.
    case reason
    /// The instructions on the way that is refused.
    case way
    /// Every step.
    case steps

    /// BPF_LOG_STATS, with BPF_LOG_LEVEL1 or BPF_LOG_LEVEL2 (include/linux/bpf_verifier.h).
    var level: UInt32 {
      switch self {
      case .reason: 4
      case .way: 5
      case .steps: 6
      }
    }
    var size: Int {
      switch self {
      case .reason: 64 << 10
      case .way: 4 << 20
      case .steps: 16 << 20
      }
    }
  }

  /// What to load.
  struct Request {
    let image: image
    let object: ProgramObject
    let sizes: KernelMaps.Sizes
    let others: SharedMaps?
    let anew: Set<KernelMaps.Role>
  }

  private struct Loaded {
    let object: OpaquePointer
    let program: OpaquePointer
    let maps: KernelMaps
    let instructionCount: Int
  }

  private static func load(
    _ request: Request, _ specialise: @escaping SpecialisedLoad.Specialise, log detail: LogDetail
  ) throws(KernelPathError) -> Loaded {
    let log = UnsafeMutablePointer<CChar>.allocate(capacity: detail.size)
    defer { log.deallocate() }
    log[0] = 0
    SpecialisedLoad.register()
    let object = try open(request.object, log, detail)
    do throws(KernelPathError) {
      try prepare(object, request.image, request.sizes)
      try request.others?.give(to: object, anew: request.anew)
      guard let program = bpf_object__find_program_by_name(object, "proxy") else {
        throw .system(call: "look-up of the program", errno: ENOENT)
      }
      let specialised = SpecialisedLoad(object, program, specialise)
      guard specialised.run() == 0 else { throw failure(errno, log, specialised.refusedPlace) }
      let maps = try KernelMaps(
        object, sharing: request.others, anew: request.anew, room: request.sizes.balance)
      return Loaded(object: object, program: program, maps: maps, instructionCount: specialised.instructionCount)
    } catch {
      bpf_object__close(object)
      throw error
    }
  }

  private static func open(
    _ compiled: ProgramObject, _ log: UnsafeMutablePointer<CChar>, _ detail: LogDetail
  ) throws(KernelPathError) -> OpaquePointer {
    if let obstacle = compiled.obstacle { throw .chain(KernelRefusal(obstacle)) }
    let object = "proxy".withCString { name in
      var options = bpf_object_open_opts()
      options.sz = MemoryLayout<bpf_object_open_opts>.size
      options.object_name = name
      options.kernel_log_buf = log
      options.kernel_log_size = detail.size
      options.kernel_log_level = detail.level
      return compiled.withBytes { bpf_object__open_mem($0.baseAddress, $0.count, &options) }
    }
    guard let object else { throw .system(call: "opening of the program", errno: errno) }
    return object
  }

  private static func prepare(_ object: OpaquePointer, _ image: image, _ sizes: KernelMaps.Sizes)
    throws(KernelPathError)
  {
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
    for (name, entries) in sizes.entries {
      bpf_map__set_max_entries(bpf_object__find_map_by_name(object, name), UInt32(clamping: entries))
    }
  }

  private static func failure(_ error: Int32, _ log: UnsafeMutablePointer<CChar>, _ place: RefusedPlace)
    -> KernelPathError
  {
    let text = String(cString: log)
    if error == EPERM && text.isEmpty { return .notPermitted }
    guard !text.isEmpty else { return .system(call: "loading of the program", errno: error) }
    // The figures come last; the reason stands before them.
    let lines = text.split(separator: "\n").filter { line in
      !["processed ", "verification time", "stack depth"].contains { line.hasPrefix($0) }
    }
    return .notVerified(line: lines.last.map(String.init) ?? text, place: place.text(of: text), log: text)
  }

  private static func verifiedInstructions(_ descriptor: Int32) -> Int {
    var info = bpf_prog_info()
    var size = UInt32(MemoryLayout<bpf_prog_info>.size)
    return bpf_obj_get_info_by_fd(descriptor, &info, &size) == 0 ? Int(info.verified_insns) : 0
  }
}
