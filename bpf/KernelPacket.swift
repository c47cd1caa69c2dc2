// The kernel's packet: what packet programs see of a frame. Compiled for BPF only.
import CDataPath

/// It keeps what it needs of the packet at hand, so that the compiler sees what one filter does as a whole; every change goes to the
/// packet at once.
struct KernelPacket: TimedPacketAccess, GrowingPacketAccess, BalancedPacketAccess {
  let raw: UnsafeMutablePointer<packet>
  /// The endpoints to choose among, looked up once by the filter that chooses.
  var balance: UInt64 = 0
  private(set) var count: UInt32
  private var front: UInt32
  /// The place, the size and the sum of what was captured last: what is cut off is often just that.
  private var captured: (place: UInt32, size: UInt32, sum: UInt64)

  @inline(__always) init(_ raw: UnsafeMutablePointer<packet>) {
    self.raw = raw
    count = raw.pointee.size
    front = raw.pointee.front
    captured = (UInt32.max, 0, 0)
  }

  var source: SocketAddress {
    @inline(__always) get {
      let words = UnsafeRawPointer(raw.pointee.session)
      return SocketAddress(
        IPAddress(high: words.load(as: UInt64.self).byteSwapped, low: (words + 8).load(as: UInt64.self).byteSwapped),
        port: raw.pointee.session.pointee.client_port.byteSwapped)
    }
  }

  @inline(__always) mutating func removeFirst(_ size: UInt32) -> Bool {
    guard _fastPath(size <= count), _fastPath(cut(at: front, size: size)) else { return false }
    front = front &+ size
    count = count &- size
    raw.pointee.front = front
    raw.pointee.size = count
    return true
  }

  @inline(__always) mutating func removeLast(_ size: UInt32) -> Bool {
    guard _fastPath(size <= count), _fastPath(cut(at: front &+ (count &- size), size: size)) else { return false }
    count = count &- size
    raw.pointee.size = count
    return true
  }

  @inline(__always) mutating func capture(at offset: UInt32, size: UInt32, as key: MetadataKey) -> Bool {
    let place = front &+ offset
    guard let bytes = bytes(at: place, size: size) else { return false }
    let sum: UInt64
    if key.index < UInt16(CHAIN_VALUES) {
      let cell = cell(key)
      cell.pointee.tag = tag(.bytes, size)
      sum = words(
        bytes, size, { cell.pointee.words.0 = $0 }, { cell.pointee.words.1 = $0 }, { cell.pointee.words.2 = $0 },
        { cell.pointee.words.3 = $0 })
    } else {
      sum = words(bytes, size, { _ in }, { _ in }, { _ in }, { _ in })
    }
    captured = (place, size, sum)
    return true
  }

  @inline(__always) func set(_ key: MetadataKey, bool: Bool) {
    guard key.index < UInt16(CHAIN_VALUES) else { return }
    let cell = packet_value(raw, key.index)
    cell.pointee.words.0 = bool ? 1 : 0
    cell.pointee.tag = tag(.bool, 0)
  }

  @inline(__always) func kind(of key: MetadataKey) -> MetadataKind {
    // Only kinds are ever written there. By its raw value it would be looked up.
    unsafeBitCast(UInt8(truncatingIfNeeded: cell(key).pointee.tag >> 32), to: MetadataKind.self)
  }
  @inline(__always) func scalar(of key: MetadataKey) -> UInt64 { cell(key).pointee.words.0 }
  @inline(__always) func size(of key: MetadataKey) -> UInt32 {
    UInt32(truncatingIfNeeded: cell(key).pointee.tag)
  }
  @inline(__always) func word(of key: MetadataKey, at offset: UInt32) -> UInt64 {
    guard offset < size(of: key) else { return 0 }
    return switch offset {
    case 0: cell(key).pointee.words.0
    case 8: cell(key).pointee.words.1
    case 16: cell(key).pointee.words.2
    default: cell(key).pointee.words.3
    }
  }

  @inline(__always) func addDestinations(withTokenIn key: MetadataKey) -> UInt32 {
    let cell = cell(key)
    // The map's key is a whole value.
    let size = size(of: key)
    if size <= 8 { cell.pointee.words.1 = 0 }
    if size <= 16 { cell.pointee.words.2 = 0 }
    if size <= 24 { cell.pointee.words.3 = 0 }
    let found = kernel_token(cell)
    guard _fastPath(found != nil), let entry = found else { return 0 }
    let count = entry.pointee.count
    raw.pointee.endpoint = entry.pointee.endpoint
    raw.pointee.destinations = raw.pointee.destinations &+ count
    return count
  }
}

// MARK: - Time

extension KernelPacket {
  @inline(__always) var now: UInt64 { kernel_now() }

  @inline(__always) var wallClock: Int64 {
    guard let clock = kernel_cell(UInt32(CLOCK_CELL)) else { return 0 }
    return Int64(bitPattern: kernel_now() &+ clock.pointee.first)
  }
}

// MARK: - Growth

// The bytes are those of the filter's slot, from where they are written once the frame has room. What is read of the payload lies
// in front of all growth: the encoder sees to that.
extension KernelPacket {
  @inline(__always) mutating func append(_ bytes: ConstantBytes) -> Bool {
    let shift = UInt64(count & 1) &* 8
    raw.pointee.added = raw.pointee.added &+ sum(of: bytes) &<< shift
    raw.pointee.appended = raw.pointee.appended &+ bytes.count
    grow(bytes.count)
    return true
  }

  @inline(__always) mutating func prepend(_ bytes: ConstantBytes) -> Bool {
    let shift = UInt64(bytes.count & 1) &* 8
    raw.pointee.added = folded(raw.pointee.added) &<< shift &+ sum(of: bytes)
    raw.pointee.prepended = raw.pointee.prepended &+ bytes.count
    grow(bytes.count)
    return true
  }

  @inline(__always) private mutating func grow(_ size: UInt32) {
    count = count &+ size
    raw.pointee.size = count
  }

  /// The slot's words are zero behind the bytes.
  @inline(__always) private func sum(of bytes: ConstantBytes) -> UInt64 {
    let words = bytes.start.assumingMemoryBound(to: UInt64.self)
    return halves(words[0]) &+ halves(words[1]) &+ halves(words[2]) &+ halves(words[3])
  }

  /// A sum that stays the same in ones' complement and has room for a shift.
  @inline(__always) private func folded(_ sum: UInt64) -> UInt64 {
    let once = halves(sum)
    return (once & 0xffff) &+ (once &>> 16)
  }
}

// MARK: - Choice

extension KernelPacket {
  @inline(__always) var endpointCount: UInt32 {
    UInt32(truncatingIfNeeded: balance & (1 &<< UInt64(BALANCE_COUNT_BITS) &- 1))
  }

  @inline(__always) mutating func addDestination(_ place: UInt32) { add(kernel_endpoint(balance, place)) }

  @inline(__always) mutating func addDestination(consistentlyFor hash: UInt64) -> Bool {
    add(kernel_ring(balance, hash))
    return true
  }

  /// One that was not found counts as two: a packet to several goes to the sockets.
  @inline(__always) private func add(_ endpoint: UInt32) {
    raw.pointee.endpoint = endpoint
    raw.pointee.destinations = raw.pointee.destinations &+ (endpoint == UInt32(NO_ENDPOINT) ? 2 : 1)
  }
}

// MARK: - Storage

extension KernelPacket {
  /// The start of `size` bytes at a place in what came, or nil where they are not all in the frame. The eight bytes in front of
  /// it are always there: the UDP header.
  @inline(__always) private func bytes(at place: UInt32, size: UInt32) -> UnsafeRawPointer? {
    guard _fastPath(size <= UInt32(CHAIN_VALUE_SIZE)), _fastPath(place <= UInt32(MAXIMUM_PAYLOAD)) else { return nil }
    // Behind the barrier the header's size stays apart from a place that only the packet knows, so the verifier sees that eight
    // bytes in front of the start are in the frame.
    let start = packet_opaque(UnsafeRawPointer(raw.pointee.datagram) + Int(place)) + 8
    return _fastPath(start + Int(size) <= packet_opaque(UnsafeRawPointer(raw.pointee.end))) ? start : nil
  }

  /// Notes the sum of bytes that go, each in the half of a word that it had as it came.
  @inline(__always) private func cut(at place: UInt32, size: UInt32) -> Bool {
    let sum: UInt64
    if captured.place == place, captured.size == size {
      sum = captured.sum
    } else {
      guard let bytes = bytes(at: place, size: size) else { return false }
      sum = words(bytes, size, { _ in }, { _ in }, { _ in }, { _ in })
    }
    raw.pointee.cut = raw.pointee.cut &+ sum &<< UInt64((place & 1) &* 8)
    return true
  }

  @inline(__always) private func tag(_ kind: MetadataKind, _ size: UInt32) -> UInt64 {
    UInt64(kind.rawValue) << 32 | UInt64(size)
  }
  @inline(__always) private func cell(_ key: MetadataKey) -> UnsafeMutablePointer<value> {
    packet_value(raw, key.index)
  }
}

/// Gives up to 32 bytes as words, the first byte in the lowest bits and the last word zero padded, and returns their ones'
/// complement sum. The size is a constant to the verifier, so one branch is left, and each is a straight line.
@inline(__always) private func words(
  _ start: UnsafeRawPointer, _ size: UInt32, _ first: (UInt64) -> Void, _ second: (UInt64) -> Void,
  _ third: (UInt64) -> Void, _ fourth: (UInt64) -> Void
) -> UInt64 {
  if size == 0 {
    first(0)
    return 0
  }
  // The last word comes with bytes in front of it, which are shifted out.
  let last = word(start + Int(size) - 8) &>> UInt64((0 &- size) &* 8 & 63)
  if size <= 8 {
    first(last)
    return halves(last)
  }
  let one = word(start)
  first(one)
  if size <= 16 {
    second(last)
    return halves(one) &+ halves(last)
  }
  let two = word(start + 8)
  second(two)
  if size <= 24 {
    third(last)
    return halves(one) &+ halves(two) &+ halves(last)
  }
  let three = word(start + 16)
  third(three)
  fourth(last)
  return halves(one) &+ halves(two) &+ halves(three) &+ halves(last)
}

/// Not `loadUnaligned`: that would read byte by byte, and where XDP runs a word may lie anywhere.
@inline(__always) private func word(_ start: UnsafeRawPointer) -> UInt64 { start.load(as: UInt64.self) }
@inline(__always) private func halves(_ word: UInt64) -> UInt64 { (word & 0xffff_ffff) &+ (word &>> 32) }
