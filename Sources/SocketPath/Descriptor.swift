import Glibc

/// An open file descriptor that is closed when its owner goes away.
struct Descriptor: ~Copyable {
  let number: Int32

  /// Takes over what a call returned: a descriptor, or -1 with `errno`.
  init(_ result: Int32, _ call: String) throws(SocketPathError) {
    guard result >= 0 else { throw .system(call: call, errno: errno) }
    number = result
  }

  deinit { close(number) }
}
