import CTestNetwork
import Glibc

/// A network of its own: interfaces, addresses, routes and ports that no other test sees. `lo` is up.
///
/// The namespace has no name and is held by a descriptor alone. The kernel frees it, with its interfaces, when the last object,
/// socket and process that belong to it are gone: also after this process was killed.
public final class NetworkNamespace: Sendable {
  let descriptor: Descriptor

  /// - Throws: `SystemError` where the process may not make one. See `requiresNamespaces`.
  public init() throws {
    let outside = try Self.current()
    _ = try checked(network_namespace_unshare(), "make a network namespace")
    defer { Self.enter(outside) }
    descriptor = try Self.current()
    try ip("link", "set", "lo", "up")
  }

  /// Runs a closure inside of the namespace: the sockets and processes that it makes belong there, and stay there.
  ///
  /// No process starts meanwhile, so the closure must not wait for the start of one.
  public func run<Result>(_ body: () throws -> Result) throws -> Result {
    let outside = try Self.current()
    _ = try checked(network_namespace_enter(descriptor.number), "enter a network namespace")
    defer { Self.enter(outside) }
    return try ForkGate.shared.whileClosed(body)
  }

  /// The namespace of the calling thread.
  private static func current() throws(SystemError) -> Descriptor {
    Descriptor(
      try checked(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open the thread's network namespace"))
  }

  /// Takes the thread back. It is borrowed: what runs on it next must not find itself in the wrong network.
  private static func enter(_ namespace: Descriptor) {
    guard network_namespace_enter(namespace.number) == 0 else {
      preconditionFailure("\(SystemError("go back to the network namespace"))")
    }
  }
}
