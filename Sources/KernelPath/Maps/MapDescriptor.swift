import Glibc

/// A map's descriptor, closed with its last owner.
final class MapDescriptor: Sendable {
  let number: Int32

  init(copying other: Int32) throws(KernelPathError) {
    number = fcntl(other, F_DUPFD_CLOEXEC, 0)
    guard number >= 0 else { throw .system(call: "copy of a map's descriptor", errno: errno) }
  }

  init(owning number: Int32) { self.number = number }

  deinit { close(number) }
}
