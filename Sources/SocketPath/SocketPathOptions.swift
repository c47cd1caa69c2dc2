public import FilterKit
import Glibc

/// How the socket path is set up; fixed for its life.
public struct SocketPathOptions: Sendable {
  /// Where clients send to. The unspecified IPv6 address stands for both families.
  public var listen = SocketAddress(IPAddress(high: 0, low: 0), port: 7777)
  /// Threads, each with sockets and sessions of its own.
  public var workers = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  /// A session without a packet in either direction for this long ends.
  public var idleTimeout: Duration = .seconds(60)
  /// Sessions of all workers together. Above it no new one is made.
  public var maxSessions = 1_000_000

  public init() {}
}
