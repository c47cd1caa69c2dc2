import CBpf
import Glibc
import TestNetwork

/// A program of two instructions that lets every frame pass. With one at its other end, the driver of a veth delivers what a native
/// program on this end sends. Detaches when it goes away.
final class PassProgram {
  private let link: Int32

  struct Failure: Error {
    let call: String
    let code: Int32
  }

  init(on interface: String, of namespace: NetworkNamespace) throws {
    // r0 = XDP_PASS; exit
    let instructions: [UInt64] = [0x0000_0002_0000_00b7, 0x95]
    let program = instructions.withUnsafeBytes { bytes in
      bpf_prog_load(
        BPF_PROG_TYPE_XDP, "pass", "GPL", bytes.assumingMemoryBound(to: bpf_insn.self).baseAddress,
        instructions.count, nil)
    }
    guard program >= 0 else { throw Failure(call: "bpf_prog_load", code: -program) }
    // The link holds the program.
    defer { close(program) }
    link = try namespace.run {
      var options = bpf_link_create_opts()
      options.sz = MemoryLayout<bpf_link_create_opts>.size
      options.flags = UInt32(XDP_FLAGS_DRV_MODE)
      let link = bpf_link_create(program, Int32(if_nametoindex(interface)), BPF_XDP, &options)
      guard link >= 0 else { throw Failure(call: "bpf_link_create", code: -link) }
      return link
    }
  }

  deinit { close(link) }
}
