/// Which way a packet goes.
@frozen public enum Direction: UInt8, Sendable, CaseIterable {
  /// From a client to a server.
  case read
  /// From a server to a client.
  case write
}

/// Any of the two.
@frozen public struct Directions: OptionSet, Sendable {
  public let rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  @inlinable public init(_ direction: Direction) { self = direction == .read ? .read : .write }

  @inlinable public static var read: Directions { Directions(rawValue: 1) }
  @inlinable public static var write: Directions { Directions(rawValue: 2) }
}
