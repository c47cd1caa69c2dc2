import Glibc

/// Lets the program look up next hops.
///
/// A look-up in the kernel's tables from a program (`bpf_fib_lookup`) is one for a forwarded packet, and is refused where the
/// interface that the packet comes from does not forward. The proxy's packets are this host's own, so the program looks up as if
/// they came from `lo`. Its switch is its own: nothing is forwarded that was not before, since nothing comes in from `lo`.
enum LoopbackForwarding {
  static func enable() throws(KernelPathError) {
    for family in ["ipv4", "ipv6"] {
      let path = "/proc/sys/net/\(family)/conf/lo/forwarding"
      let number = open(path, O_RDWR | O_CLOEXEC)
      // A host without IPv6 has no such switch.
      if number < 0, errno == ENOENT { continue }
      guard number >= 0 else { throw .system(call: "opening of \(path)", errno: errno) }
      defer { close(number) }
      var now: UInt8 = 0
      if read(number, &now, 1) == 1, now == UInt8(ascii: "1") { continue }
      guard pwrite(number, "1", 1, 0) == 1 else { throw .system(call: "writing of \(path)", errno: errno) }
    }
  }
}
