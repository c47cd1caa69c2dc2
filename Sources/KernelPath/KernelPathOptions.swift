import CDataPath

/// How the kernel path is set up.
public struct KernelPathOptions: Sendable {
  /// The interfaces to attach to; empty for those of the listening addresses and of the routes to the endpoints.
  public var interfaces: [String] = []
  public var mode = AttachMode.auto
  /// Sessions that the program can carry.
  public var maxSessions = 1_000_000
  /// A session's end: how often the program must note that it saw a packet follows from it.
  public var idleTimeout: Duration = .seconds(60)

  /// Leave the program, its interfaces and its sessions to the next process when this one ends.
  public var stays = false
  /// What a process before this one must have agreed on to leave anything to this one. Another one in tests alone.
  package var layout = shared_layout()

  /// How often the kernel is made to look after the neighbours that packets leave to.
  public var neighbourInterval: Duration = .seconds(2)

  public init() {}

  /// Jiffies for which a next hop is good, and in which a packet is noted once: a second, or a quarter of the idle timeout.
  var hopLifetime: UInt64 {
    Jiffies.count(milliseconds: UInt64(min(1_000, max(4, Int(idleTimeout / .milliseconds(1)) / 4))))
  }
}
