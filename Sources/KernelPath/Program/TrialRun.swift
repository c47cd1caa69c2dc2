import CBpf
public import CDataPath
public import FilterKit
import Glibc

/// What the program did with one frame.
public struct TrialResult: Equatable, Sendable {
  /// The XDP action.
  public let action: UInt32
  public let frame: [UInt8]
  /// Nanoseconds that the run took.
  public let duration: UInt32
}

extension KernelProgram {
  /// Loads the program of a chain with all that it looks up, for trial runs. The numbers of endpoints are their places in the table.
  /// It has no sessions.
  ///
  /// - Parameter wallClock: what the time of day is now, in seconds since 1970; nil for what it really is.
  public static func forTrial(
    _ plan: ChainPlan, _ table: RoutingTable, addresses: [IPAddress], port: UInt16, interfaces: [interface],
    hopLifetime: UInt64 = .max, needsFullChecksums: Bool = false, wallClock: Int64? = nil
  ) throws(KernelPathError) -> KernelProgram {
    let numbers = Dictionary(uniqueKeysWithValues: zip(table.endpoints.map(\.address), UInt32(0)...))
    let routing = KernelRouting(table, plan.tables) { numbers[$0]! }
    var cells = KernelCells()
    let firstCells = cells.assign(plan.tables.states)
    var sizes = KernelMaps.Sizes(plan.tables, cells: cells.capacity, entries: cells.entryCapacity)
    sizes.balance = BalanceRoom().holding(routing)
    sizes.tokens = max(1_024, table.tokenCount)
    let image = try image(
      plan, cells: firstCells, addresses: addresses, port: port, interfaces: interfaces, hopLifetime: hopLifetime,
      needsFullChecksums: needsFullChecksums, balance: sizes.balance)
    let program = try KernelProgram(image, in: plan.program, sizes: sizes)
    try program.maps.filters.fill(plan.tables)
    try cells.move(plan.tables, to: program.maps, sizes)
    if let wallClock { cells.setClock(to: wallClock) }
    try routing.write(to: program.maps)
    return program
  }

  /// Runs the program once on a frame, without an interface (BPF_PROG_TEST_RUN).
  ///
  /// - Parameters:
  ///   - frame: at least the 14 bytes of an Ethernet header.
  ///   - metadata: bytes in front of the frame, as a driver's. They take of the headroom of 256 bytes, and a frame that grows at
  ///     its front grows over them. A multiple of 4, at most 212.
  public func run(_ frame: [UInt8], behind metadata: [UInt8] = []) throws(KernelPathError) -> TrialResult {
    let input = metadata.isEmpty ? frame : metadata + frame
    var output = [UInt8](repeating: 0, count: input.count + 256)
    var options = bpf_test_run_opts()
    options.sz = MemoryLayout<bpf_test_run_opts>.size
    options.repeat = 1
    var context = xdp_md()
    context.data = UInt32(metadata.count)
    context.data_end = UInt32(input.count)
    let result = withUnsafeMutablePointer(to: &context) { context in
      input.withUnsafeBytes { input in
        output.withUnsafeMutableBytes { output in
          options.data_in = input.baseAddress
          options.data_size_in = UInt32(input.count)
          options.data_out = output.baseAddress
          options.data_size_out = UInt32(output.count)
          if !metadata.isEmpty {
            options.ctx_in = UnsafeRawPointer(context)
            options.ctx_size_in = UInt32(MemoryLayout<xdp_md>.size)
          }
          return bpf_prog_test_run_opts(descriptor, &options)
        }
      }
    }
    guard result == 0 else { throw .system(call: "trial run of the program", errno: errno) }
    return TrialResult(
      action: options.retval, frame: Array(output[metadata.count..<Int(options.data_size_out)]),
      duration: options.duration)
  }
}
