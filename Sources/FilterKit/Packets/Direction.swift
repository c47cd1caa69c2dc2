/// Which way a packet goes.
@frozen public enum Direction: UInt8, Sendable, CaseIterable {
  /// From a client to a server.
  case read
  /// From a server to a client.
  case write
}
