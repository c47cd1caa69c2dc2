import CBpf
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
