import CSys

/// What the kernel is doing with packets.
enum KernelWork {
  /// Waits until every packet that a program has in hand is done with: some milliseconds. What was taken from the programs before is
  /// no longer used by any.
  static func awaitEnd() {
    // Where the kernel cannot say, some packets of the last microseconds may not be counted.
    _ = csys_await_kernel()
  }
}
