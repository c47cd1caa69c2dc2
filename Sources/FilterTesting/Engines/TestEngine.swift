/// A way to run packets through a chain.
public enum TestEngine: String, CaseIterable, Sendable, CustomStringConvertible {
  /// The chain alone, without sockets. It runs everywhere.
  case filters
  /// A proxy with sockets over loopback. It runs everywhere: datagrams go between ports of 127.0.0.1, and the filters are shown the
  /// addresses of the test.
  case sockets
  /// The kernel's program, frame by frame, without interfaces (`BPF_PROG_TEST_RUN`). It needs root, or CAP_BPF,
  /// CAP_NET_ADMIN and CAP_PERFMON.
  case kernel

  public var description: String {
    switch self {
    case .filters: "the filters alone"
    case .sockets: "sockets"
    case .kernel: "the kernel"
    }
  }
}
