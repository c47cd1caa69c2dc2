/// How the kernel path is set up.
public struct KernelPathOptions: Sendable {
  /// The interfaces to attach to; empty for those of the listening addresses and of the routes to the endpoints.
  public var interfaces: [String] = []
  public var mode = AttachMode.auto
  /// Sessions that the program can carry.
  public var maxSessions = 1_000_000
  /// A session's end: how often the program must note that it saw a packet follows from it.
  public var idleTimeout: Duration = .seconds(60)

  public init() {}

  /// Jiffies for which a next hop is good, and in which a packet is noted once: a second, or a quarter of the idle timeout, and no
  /// more. How many jiffies a second has is not known here; with 100, the fewest of any kernel, it is never longer.
  var hopLifetime: UInt64 {
    let milliseconds = min(1_000, max(4, Int(idleTimeout / .milliseconds(1)) / 4))
    return UInt64(max(1, milliseconds / 10))
  }
}
