// The kernel's packet: what packet programs see of a frame. Compiled for BPF only.
import CDataPath

/// It keeps what it needs of the packet at hand, so that the compiler sees what one filter does as a whole; every change goes to the
/// packet at once.
struct KernelPacket: TimedPacketAccess, GrowingPacketAccess, BalancedPacketAccess, PacketEffects {
  let raw: UnsafeMutablePointer<packet>
  /// The endpoints to choose among, looked up once by the filter that chooses.
  var balance: UInt64 = 0
  private(set) var count: UInt32
  /// Whether the packet asks for what only the sockets can do: then they run the chain, whatever the verdict is.
  private(set) var isForSockets = false
  private var front: UInt32
  /// Whether the places and sizes of bytes are operands of the slot, and so constants to the verifier, and what is asked for was
  /// found possible when the chain was encoded.
  private let isSpelledOut: Bool
  /// The first cell of the filter's state, and how many numbers it has.
  private let state: (first: UInt32, count: UInt32)
  /// The place, the size and the sum of what was captured last: what is cut off is often just that.
  private var captured: (place: UInt32, size: UInt32, sum: UInt64)

  /// For a filter whose operands stand in its slot.
  @inline(__always) init(_ raw: UnsafeMutablePointer<packet>) { self.init(raw, isSpelledOut: true, (0, 0)) }

  /// For a packet program, of which nothing is known.
  @inline(__always) init(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) {
    self.init(raw, isSpelledOut: false, (slot.pointee.state, slot.pointee.second_size))
  }

  @inline(__always) private init(
    _ raw: UnsafeMutablePointer<packet>, isSpelledOut: Bool, _ state: (first: UInt32, count: UInt32)
  ) {
    self.isSpelledOut = isSpelledOut
    self.state = state
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

  /// The verdict as the entry of a packet program gives it.
  @inline(__always) func result(_ verdict: Verdict) -> UInt32 {
    isForSockets ? UInt32(RUN_HAND_OVER) : verdict.rawValue
  }

  @inline(__always) mutating func load(at offset: UInt32, size: UInt32) -> UInt64? {
    guard size &- 1 < 8, holds(offset, size), let last = lastWord(at: front &+ offset, size: size) else { return nil }
    return last.word &>> unused(size)
  }

  @inline(__always) mutating func bytes(at offset: UInt32, size: UInt32) -> ShortBytes? {
    guard size <= ShortBytes.maximumSize, holds(offset, size) else { return nil }
    return bytes(at: front &+ offset, size)
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
    if !isSpelledOut {
      guard holds(offset, size), let bytes = bytes(at: place, size) else { return false }
      set(key, bytes: bytes)
      captured = (place, size, halves(bytes))
      return true
    }
    guard let bytes = start(at: place, size: size) else { return false }
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

  @inline(__always) func set(_ key: MetadataKey, bool: Bool) { set(key, .bool, bool ? 1 : 0) }
  @inline(__always) func set(_ key: MetadataKey, number: UInt64) { set(key, .number, number) }

  @inline(__always) private func set(_ key: MetadataKey, _ kind: MetadataKind, _ scalar: UInt64) {
    guard isHeld(key) else { return }
    let cell = cell(key)
    cell.pointee.words.0 = scalar
    cell.pointee.tag = tag(kind, 0)
  }

  @inline(__always) func set(_ key: MetadataKey, bytes: ShortBytes) {
    guard isHeld(key) else { return }
    let cell = cell(key)
    // All words, so that each was written whatever the size is.
    cell.pointee.words = (bytes.word0, bytes.word1, bytes.word2, bytes.word3)
    cell.pointee.tag = tag(.bytes, bytes.size)
  }

  @inline(__always) func kind(of key: MetadataKey) -> MetadataKind {
    guard mayHold(key) else { return .none }
    // Only kinds are ever written there. By its raw value it would be looked up.
    return unsafeBitCast(UInt8(truncatingIfNeeded: cell(key).pointee.tag >> 32), to: MetadataKind.self)
  }
  @inline(__always) func scalar(of key: MetadataKey) -> UInt64 {
    switch kind(of: key) {
    case .bool, .number: cell(key).pointee.words.0
    default: 0
    }
  }
  @inline(__always) func size(of key: MetadataKey) -> UInt32 {
    mayHold(key) ? UInt32(truncatingIfNeeded: cell(key).pointee.tag) : 0
  }
  @inline(__always) func word(of key: MetadataKey, at offset: UInt32) -> UInt64 {
    guard offset < size(of: key) else { return 0 }
    let shift = UInt64(offset & 7) &* 8
    let word = wholeWord(of: key, offset & ~7)
    if shift == 0 { return word }
    let rest = (offset | 7) &+ 1
    return word &>> shift | (rest < size(of: key) ? wholeWord(of: key, rest) &<< (64 &- shift) : 0)
  }

  /// One of the words that the bytes of a value stand in. It was written: some byte of the value is in it.
  @inline(__always) private func wholeWord(of key: MetadataKey, _ offset: UInt32) -> UInt64 {
    switch offset {
    case 0: cell(key).pointee.words.0
    case 8: cell(key).pointee.words.1
    case 16: cell(key).pointee.words.2
    default: cell(key).pointee.words.3
    }
  }

  @inline(__always) func addDestinations(withTokenIn key: MetadataKey) -> UInt32 {
    guard kind(of: key) == .bytes else { return 0 }
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

// MARK: - State

extension KernelPacket {
  @inline(__always) func number(at place: UInt32) -> UInt64 { word(at: place)?.pointee ?? 0 }

  @inline(__always) func entry(for key: ShortBytes) -> UInt64? {
    let tag = UInt64(state.first) << 32 | UInt64(key.size)
    return kernel_entry(tag, key.word0, key.word1, key.word2, key.word3)?.pointee
  }

  @inline(__always) func add(_ amount: UInt64, to counter: Counter) { kernel_count(counter.cell, amount) }

  @inline(__always) func add(_ amount: UInt64, toNumberAt place: UInt32) -> UInt64 {
    word(at: place).map { kernel_fetch_add($0, amount) } ?? 0
  }

  @inline(__always) func exchangeNumber(at place: UInt32, _ old: UInt64, for new: UInt64) -> Bool {
    guard let word = word(at: place) else { return false }
    return kernel_exchange(word, old, new) == old
  }

  /// A number of the filter's state. No other filter's: the cells are in one map.
  @inline(__always) private func word(at place: UInt32) -> UnsafeMutablePointer<UInt64>? {
    guard place < state.count, let cell = kernel_cell(state.first &+ place &>> 1) else { return nil }
    return UnsafeMutableRawPointer(cell).assumingMemoryBound(to: UInt64.self) + Int(place & 1)
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

// MARK: - Bytes

// What a slot says of its bytes the verifier knows: one look at the end of the frame is enough, and of the ways for each number of words
// one is left. Of what a program says it knows bounds alone, so each word is asked for itself.
extension KernelPacket {
  /// Whether `size` bytes at `offset` are all in the payload.
  @inline(__always) private func holds(_ offset: UInt32, _ size: UInt32) -> Bool {
    offset <= count && size <= count &- offset
  }

  /// The start of `size` bytes at a place in what came, or nil where they are not all in the frame. The eight bytes in front of
  /// it are always there: the UDP header.
  @inline(__always) private func start(at place: UInt32, size: UInt32) -> UnsafeRawPointer? {
    guard _fastPath(size <= UInt32(CHAIN_VALUE_SIZE)), _fastPath(place <= UInt32(MAXIMUM_PAYLOAD)) else { return nil }
    let start = origin(place) + 8
    return _fastPath(start + Int(size) <= packet_opaque(UnsafeRawPointer(raw.pointee.end))) ? start : nil
  }

  /// Eight bytes in front of a place. Behind the barrier the header's size stays apart from a place that only the packet knows, so
  /// the verifier sees that eight bytes in front of the start are in the frame.
  @inline(__always) private func origin(_ place: UInt32) -> UnsafeRawPointer {
    packet_opaque(UnsafeRawPointer(raw.pointee.datagram) + Int(place))
  }

  /// The eight bytes up to the end of `size` bytes at a place, and what is eight bytes in front of the place. Nil, and the packet is
  /// for the sockets, where they are not in what the kernel reads.
  @inline(__always) private mutating func lastWord(
    at place: UInt32, size: UInt32
  ) -> (origin: UnsafeRawPointer, word: UInt64)? {
    if _fastPath(size <= UInt32(CHAIN_VALUE_SIZE)), _fastPath(place <= UInt32(MAXIMUM_PAYLOAD)) {
      let origin = origin(place)
      let last = packet_opaque(origin + Int(size))
      if _fastPath(last + 8 <= packet_opaque(UnsafeRawPointer(raw.pointee.end))) { return (origin, loaded(last)) }
    }
    isForSockets = true
    return nil
  }

  /// Up to 32 bytes at a place in what came. Nil, and the packet is for the sockets, where that cannot be.
  @inline(__always) private mutating func bytes(at place: UInt32, _ size: UInt32) -> ShortBytes? {
    guard let (origin, lastWord) = lastWord(at: place, size: size) else { return nil }
    if size == 0 { return ShortBytes(size: size, whole: 0, 0, 0, 0) }
    // It comes with bytes in front of it, which are shifted out.
    let last = lastWord &>> unused(size)
    if size <= 8 { return ShortBytes(size: size, whole: last, 0, 0, 0) }
    guard let one = whole(origin + 8) else { return nil }
    if size <= 16 { return ShortBytes(size: size, whole: one, last, 0, 0) }
    guard let two = whole(origin + 16) else { return nil }
    if size <= 24 { return ShortBytes(size: size, whole: one, two, last, 0) }
    guard let three = whole(origin + 24) else { return nil }
    return ShortBytes(size: size, whole: one, two, three, last)
  }

  @inline(__always) private mutating func whole(_ start: UnsafeRawPointer) -> UInt64? {
    guard _fastPath(start + 8 <= packet_opaque(UnsafeRawPointer(raw.pointee.end))) else {
      isForSockets = true
      return nil
    }
    return loaded(start)
  }

  /// Notes the sum of bytes that go, each in the half of a word that it had as it came.
  @inline(__always) private mutating func cut(at place: UInt32, size: UInt32) -> Bool {
    let sum: UInt64
    if captured.place == place, captured.size == size {
      sum = captured.sum
    } else if isSpelledOut {
      guard let bytes = start(at: place, size: size) else { return false }
      sum = words(bytes, size, { _ in }, { _ in }, { _ in }, { _ in })
    } else {
      guard let bytes = bytes(at: place, size) else { return false }
      sum = halves(bytes)
    }
    raw.pointee.cut = raw.pointee.cut &+ sum &<< UInt64((place & 1) &* 8)
    return true
  }
}

// MARK: - Values

extension KernelPacket {
  /// Whether the chain has a place for the value: one that no filter looks at has none.
  @inline(__always) private func isHeld(_ key: MetadataKey) -> Bool { key.index < UInt16(CHAIN_VALUES) }

  /// The same of a value that is looked at: what a slot looks at has a place.
  @inline(__always) private func mayHold(_ key: MetadataKey) -> Bool { isSpelledOut || isHeld(key) }

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
  let last = loaded(start + Int(size) - 8) &>> unused(size)
  if size <= 8 {
    first(last)
    return halves(last)
  }
  let one = loaded(start)
  first(one)
  if size <= 16 {
    second(last)
    return halves(one) &+ halves(last)
  }
  let two = loaded(start + 8)
  second(two)
  if size <= 24 {
    third(last)
    return halves(one) &+ halves(two) &+ halves(last)
  }
  let three = loaded(start + 16)
  third(three)
  fourth(last)
  return halves(one) &+ halves(two) &+ halves(three) &+ halves(last)
}

/// How many bits of a word in which bytes end belong to what is in front of them.
@inline(__always) private func unused(_ size: UInt32) -> UInt64 { UInt64((0 &- size) &* 8 & 63) }

/// Not `loadUnaligned`: that would read byte by byte, and where XDP runs a word may lie anywhere.
@inline(__always) private func loaded(_ start: UnsafeRawPointer) -> UInt64 { start.load(as: UInt64.self) }
@inline(__always) private func halves(_ word: UInt64) -> UInt64 { (word & 0xffff_ffff) &+ (word &>> 32) }
@inline(__always) private func halves(_ bytes: ShortBytes) -> UInt64 {
  halves(bytes.word0) &+ halves(bytes.word1) &+ halves(bytes.word2) &+ halves(bytes.word3)
}
