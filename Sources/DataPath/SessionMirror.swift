public import FilterKit

/// A session as both paths know it.
public struct SessionRecord: Hashable, Sendable {
  public let client: SocketAddress
  public let server: SocketAddress
  /// The address that the client sends to.
  public let local: IPAddress
  /// The port that stands for the client toward the server.
  public let sourcePort: UInt16

  public init(client: SocketAddress, server: SocketAddress, local: IPAddress, sourcePort: UInt16) {
    self.client = client
    self.server = server
    self.local = local
    self.sourcePort = sourcePort
  }
}

/// Where the socket path tells of its sessions, so that another path can carry them on. Workers call it, each for its own
/// sessions, when a session begins and ends: never for a packet.
public protocol SessionMirror: Sendable {
  func sessionBegan(_ session: SessionRecord)
  func sessionEnded(_ session: SessionRecord)
  /// When the other path last saw a packet of the session, in nanoseconds of `CLOCK_MONOTONIC`; nil where it saw none.
  func lastSeen(_ session: SessionRecord) -> UInt64?
  /// The sessions that a process before this one left to the other path, which carries them on. Asked once, when the sockets listen:
  /// then no other process serves there. They count as begun; those that the socket path cannot take over it ends.
  func sessionsLeft(for listening: [SocketAddress]) -> [LeftSession]
}

extension SessionMirror {
  public func sessionsLeft(for listening: [SocketAddress]) -> [LeftSession] { [] }
}

/// A session that a process before this one made.
public struct LeftSession: Sendable {
  public let record: SessionRecord
  /// When a packet of it was last seen, in nanoseconds of `CLOCK_MONOTONIC`.
  public let lastSeen: UInt64

  public init(_ record: SessionRecord, lastSeen: UInt64) {
    self.record = record
    self.lastSeen = lastSeen
  }
}
