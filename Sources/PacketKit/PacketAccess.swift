/// A key of the packet's metadata: the place of its value, given when the configuration was loaded.
@frozen public struct MetadataKey: Hashable, Sendable {
  public let index: UInt16
  @inlinable public init(index: UInt16) { self.index = index }
}

/// What is held under a metadata key.
@frozen public enum MetadataKind: UInt8, Sendable {
  case none, bool, number, bytes, string, list
}

/// Bytes that stand in the configuration: a place that does not move or change while a chain that uses it runs.
@frozen public struct ConstantBytes: BitwiseCopyable, @unchecked Sendable {
  public let start: UnsafeRawPointer
  public let count: UInt32

  /// `start` must stay valid for as long as the value is used.
  @inlinable public init(start: UnsafeRawPointer, count: UInt32) {
    self.start = start
    self.count = count
  }
}

/// What is known of a packet beside its payload, and of the filter's state: for all that a packet program does.
public protocol PacketFacts: ~Copyable, ~Escapable {
  /// Where the packet came from: the client on read, the server on write.
  var source: SocketAddress { get }
  /// Nanoseconds of `CLOCK_MONOTONIC` at which it came, a few milliseconds more or less.
  var now: UInt64 { get }

  func kind(of key: MetadataKey) -> MetadataKind
  /// The number under `key`, or 0 and 1 for a bool; 0 where something else or nothing is.
  func scalar(of key: MetadataKey) -> UInt64
  /// How many bytes are under `key`; 0 where something else or nothing is.
  func size(of key: MetadataKey) -> UInt32
  /// Eight of the bytes under `key` from `offset` on, the first one in the lowest bits. Bytes past the end are zero.
  func word(of key: MetadataKey, at offset: UInt32) -> UInt64

  /// A number of the filter's state (`ProgramState`) by its place; 0 where it has none there.
  func number(at place: UInt32) -> UInt64
  /// What the table of the filter's state has for a key; nil where it has nothing.
  mutating func entry(for key: ShortBytes) -> UInt64?
}

/// What a packet program may do with a packet.
///
/// A packet program is the per-packet half of a filter, as static functions generic over this protocol, or over one of those
/// below that have what it needs besides. The socket path runs it over a buffer, the kernel path over the frame, from the same
/// source. So it keeps to what the kernel can run: operators that cannot trap (`&+ &- &*`), no allocation, no existentials, no
/// loops without a constant bound.
///
/// Each call does the same in both paths. Where the kernel cannot do it for this packet, it leaves the packet to the sockets, which
/// run the chain from the start: to capture, look at or cut off more than 32 bytes at once is such a case.
public protocol PacketAccess: PacketFacts, ~Copyable, ~Escapable {
  /// The payload's size in bytes.
  var count: UInt32 { get }

  /// `size` bytes of the payload at `offset`, 1 to 8 of them, the first one in the lowest bits. Nil where they are not all in the
  /// payload, or `size` is another.
  mutating func load(at offset: UInt32, size: UInt32) -> UInt64?
  /// `size` bytes of the payload at `offset`, up to 32. Nil where they are not all in the payload, or are more.
  mutating func bytes(at offset: UInt32, size: UInt32) -> ShortBytes?

  /// Cuts bytes off the front. False, and nothing done, where there are not as many.
  mutating func removeFirst(_ size: UInt32) -> Bool
  /// Cuts bytes off the end. False, and nothing done, where there are not as many.
  mutating func removeLast(_ size: UInt32) -> Bool

  /// Keeps a copy of `size` bytes at `offset` under `key`. False, and nothing done, where they are not all in the payload.
  mutating func capture(at offset: UInt32, size: UInt32, as key: MetadataKey) -> Bool
  mutating func set(_ key: MetadataKey, bool: Bool)
  mutating func set(_ key: MetadataKey, number: UInt64)
  /// Keeps bytes that the program made, for filters that look at bytes: a token, for example.
  mutating func set(_ key: MetadataKey, bytes: ShortBytes)

  /// Adds every endpoint that has the token kept under `key` to the destinations. The number of endpoints added.
  mutating func addDestinations(withTokenIn key: MetadataKey) -> UInt32
}

extension PacketAccess where Self: ~Copyable & ~Escapable {
  /// The same bytes as `load(at:size:)` as a number in network order: the last one in the lowest bits.
  @inlinable @inline(__always) public mutating func loadBigEndian(at offset: UInt32, size: UInt32) -> UInt64? {
    guard let word = load(at: offset, size: size) else { return nil }
    return word.byteSwapped &>> UInt64((8 &- size) &* 8)
  }

  /// Keeps up to 8 bytes, the first one in the lowest bits of `word`, under `key`.
  @inlinable @inline(__always) public mutating func set(_ key: MetadataKey, bytes word: UInt64, size: UInt32) {
    set(key, bytes: ShortBytes(word, size: size))
  }
}

/// What a packet program may do when a packet has passed its filter and is not handed to the other path any more: change what
/// outlives the packet.
public protocol PacketEffects: PacketFacts, ~Copyable, ~Escapable {
  /// Adds to a counter of the filter.
  mutating func add(_ amount: UInt64, to counter: Counter)
  /// Adds to a number of the filter's state, whose sum wraps around. Gives the number before; 0, and nothing done, where it has none
  /// at `place`.
  @discardableResult
  mutating func add(_ amount: UInt64, toNumberAt place: UInt32) -> UInt64
  /// Makes a number of the filter's state another one, unless somebody changed it since it was `old`: then it gives false.
  mutating func exchangeNumber(at place: UInt32, _ old: UInt64, for new: UInt64) -> Bool
}

/// A packet that knows the time of day.
public protocol TimedPacketAccess: PacketAccess, ~Copyable, ~Escapable {
  /// Nanoseconds since 1970 (UTC).
  var wallClock: Int64 { get }
}

/// A packet that can grow.
public protocol GrowingPacketAccess: PacketAccess, ~Copyable, ~Escapable {
  /// Puts bytes before the payload. False, and nothing done, where a datagram would be too small for the result.
  mutating func prepend(_ bytes: ConstantBytes) -> Bool
  /// Puts bytes behind the payload. False, and nothing done, where a datagram would be too small for the result.
  mutating func append(_ bytes: ConstantBytes) -> Bool
}

/// A packet that can be sent to any endpoint.
public protocol BalancedPacketAccess: PacketAccess, ~Copyable, ~Escapable {
  /// How many endpoints there are.
  var endpointCount: UInt32 { get }
  /// Adds one endpoint, by its place in the configuration, to the destinations. Places past the end are ignored.
  mutating func addDestination(_ endpoint: UInt32)
  /// Adds the endpoint that consistent hashing gives for `hash`. False where there is no endpoint.
  mutating func addDestination(consistentlyFor hash: UInt64) -> Bool
}
