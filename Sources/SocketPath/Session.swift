import FilterKit

/// One client's talk with one server.
struct Session {
  let client: SocketAddress
  let server: SocketAddress
  /// The place in the worker's pool of the socket whose port stands for the client toward this server.
  let upstream: UInt32
  /// Where the client's last packet came to: replies leave from there.
  var local: LocalAddress
  /// Nanoseconds of `CLOCK_MONOTONIC` of the last packet in either direction.
  var lastSeen: UInt64
  /// The next session in the same slot of the expiry wheel, or the next free place of the table.
  var next = Session.none

  static let none = UInt32.max
}
