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
  public func run(_ frame: [UInt8]) throws(KernelPathError) -> TrialResult {
    var output = [UInt8](repeating: 0, count: frame.count + 256)
    var options = bpf_test_run_opts()
    options.sz = MemoryLayout<bpf_test_run_opts>.size
    options.repeat = 1
    let result = frame.withUnsafeBytes { input in
      output.withUnsafeMutableBytes { output in
        options.data_in = input.baseAddress
        options.data_size_in = UInt32(input.count)
        options.data_out = output.baseAddress
        options.data_size_out = UInt32(output.count)
        return bpf_prog_test_run_opts(descriptor, &options)
      }
    }
    guard result == 0 else { throw .system(call: "trial run of the program", errno: errno) }
    return TrialResult(
      action: options.retval, frame: Array(output.prefix(Int(options.data_size_out))), duration: options.duration)
  }
}
