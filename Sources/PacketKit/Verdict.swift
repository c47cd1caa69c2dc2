public import CDataPath

/// Why a packet was dropped. The table is `reasons.h`, which the kernel's program reads too.
@frozen public struct DropReason: Hashable, Sendable {
  /// The number in the table; 0 stands for "not dropped".
  public let rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable init(_ reason: drop_reason) { rawValue = reason.rawValue }

  @inlinable public static var captureNoValue: Self { Self(DROP_CAPTURE_NO_VALUE) }
  @inlinable public static var tokenMissing: Self { Self(DROP_TOKEN_MISSING) }
  @inlinable public static var tokenInvalid: Self { Self(DROP_TOKEN_INVALID) }
  @inlinable public static var tokenUnknown: Self { Self(DROP_TOKEN_UNKNOWN) }
  @inlinable public static var noEndpoints: Self { Self(DROP_NO_ENDPOINTS) }
  @inlinable public static var firewallDenied: Self { Self(DROP_FIREWALL_DENIED) }
  @inlinable public static var rateLimited: Self { Self(DROP_RATE_LIMITED) }
  @inlinable public static var matchNoMetadata: Self { Self(DROP_MATCH_NO_METADATA) }
  @inlinable public static var compressFailed: Self { Self(DROP_COMPRESS_FAILED) }
  @inlinable public static var dropped: Self { Self(DROP_DROPPED) }
  @inlinable public static var packetSize: Self { Self(DROP_PACKET_SIZE) }
  @inlinable public static var payloadTooLarge: Self { Self(DROP_PAYLOAD_TOO_LARGE) }
  @inlinable public static var sessionLimit: Self { Self(DROP_SESSION_LIMIT) }
  @inlinable public static var portsExhausted: Self { Self(DROP_PORTS_EXHAUSTED) }
  @inlinable public static var draining: Self { Self(DROP_DRAINING) }
  @inlinable public static var sourceRefused: Self { Self(DROP_SOURCE_REFUSED) }
  @inlinable public static var unknownServer: Self { Self(DROP_UNKNOWN_SERVER) }
  @inlinable public static var sendQueueFull: Self { Self(DROP_SEND_QUEUE_FULL) }
  @inlinable public static var sendFailed: Self { Self(DROP_SEND_FAILED) }
  @inlinable public static var receiveQueueFull: Self { Self(DROP_RECEIVE_QUEUE_FULL) }

  /// One of the reasons that a filter names itself (`Filter.dropReasons`), by its place there. A number past the last stands for the
  /// last.
  @inlinable public static func custom(_ number: UInt32) -> Self {
    Self(rawValue: DROP_CUSTOM_0.rawValue &+ (number < customCount ? number : customCount &- 1))
  }
  /// How many reasons a filter may name.
  @inlinable public static var customCount: UInt32 { UInt32(CUSTOM_DROP_REASONS) }

  /// How many numbers the table has, 0 included.
  @inlinable public static var count: Int { Int(DROP_REASON_COUNT.rawValue) }
}

/// What a filter decides about a packet.
@frozen public struct Verdict: Equatable, Sendable {
  /// 0, or the number of the drop reason.
  public let rawValue: UInt32
  @inlinable init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The packet goes on to the next filter.
  @inlinable public static var forward: Self { Self(rawValue: 0) }
  /// The packet ends here and is counted.
  @inlinable public static func drop(_ reason: DropReason) -> Self { Self(rawValue: reason.rawValue) }

  @inlinable public var isForward: Bool { rawValue == 0 }
  @inlinable public var reason: DropReason { DropReason(rawValue: rawValue) }
}
