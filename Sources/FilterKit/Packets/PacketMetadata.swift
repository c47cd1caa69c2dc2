extension Packet {
  /// What is held under `key`; `.none` where nothing is.
  @inlinable public func kind(of key: MetadataKey) -> MetadataKind {
    let cell = cell(key)
    return cell.pointee.generation == context.pointee.generation ? cell.pointee.kind : .none
  }

  @inlinable public mutating func set(_ key: MetadataKey, bool: Bool) { put(key, .bool, bool ? 1 : 0) }

  @inlinable public mutating func set(_ key: MetadataKey, number: UInt64) { put(key, .number, number) }

  /// The number under `key`, or nil where something else or nothing is.
  @inlinable public func number(of key: MetadataKey) -> UInt64? {
    kind(of: key) == .number ? cell(key).pointee.payload : nil
  }

  /// The number under `key`, or 0 and 1 for a bool; 0 where something else or nothing is.
  @inlinable public func scalar(of key: MetadataKey) -> UInt64 {
    switch kind(of: key) {
    case .number, .bool: cell(key).pointee.payload
    default: 0
    }
  }

  /// How many bytes are under `key`, or the string's UTF-8 has; 0 where something else or nothing is.
  @inlinable public func size(of key: MetadataKey) -> UInt32 {
    switch kind(of: key) {
    case .bytes, .string: cell(key).pointee.count
    default: 0
    }
  }

  /// Eight of the bytes under `key` from `offset` on, the first one in the lowest bits. Bytes past the end are zero.
  public func word(of key: MetadataKey, at offset: UInt32) -> UInt64 {
    let bytes = storedBytes(of: key)
    let offset = Int(offset)
    if offset &+ 8 <= bytes.count {
      return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    var word: UInt64 = 0
    var at = bytes.count
    while at > offset {
      at &-= 1
      word = word << 8 | UInt64(bytes[at])
    }
    return word
  }

  /// The bool under `key`, or nil where something else or nothing is.
  @inlinable public func bool(of key: MetadataKey) -> Bool? {
    kind(of: key) == .bool ? cell(key).pointee.payload != 0 : nil
  }

  /// The bytes or the string's UTF-8 under `key`; empty where something else or nothing is.
  @_lifetime(borrow self)
  public func bytes(of key: MetadataKey) -> RawSpan {
    _overrideLifetime(RawSpan(_unsafeBytes: storedBytes(of: key)), borrowing: self)
  }

  /// Keeps a copy of `size` bytes at `offset` under `key`. False, and nothing done, where they are not all in the payload.
  public mutating func capture(at offset: UInt32, size: UInt32, as key: MetadataKey) -> Bool {
    guard holds(offset, size) else { return false }
    put(key, .bytes, UInt64(store(at: offset, size: size)), count: size)
    return true
  }

  /// Keeps a copy of bytes under `key`.
  public mutating func set(_ key: MetadataKey, bytes: ShortBytes) {
    let context = context
    let place = context.pointee.arena.take(Int(ShortBytes.maximumSize))
    (context.pointee.arena.base + place).storeBytes(
      of: (bytes.word0.littleEndian, bytes.word1.littleEndian, bytes.word2.littleEndian, bytes.word3.littleEndian),
      as: (UInt64, UInt64, UInt64, UInt64).self)
    put(key, .bytes, UInt64(place), count: bytes.size)
  }

  /// Keeps an empty list under `key`.
  public mutating func beginList(_ key: MetadataKey) {
    let context = context
    put(key, .list, UInt64(context.pointee.arena.take(0)), count: 0)
  }

  /// Adds a copy of `size` bytes at `offset` to the list that was begun under `key`, with no other value stored since.
  /// False, and nothing done, where they are not all in the payload or there is no list.
  public mutating func appendToList(_ key: MetadataKey, at offset: UInt32, size: UInt32) -> Bool {
    guard kind(of: key) == .list, holds(offset, size) else { return false }
    let context = context
    let header = context.pointee.arena.take(8)
    (context.pointee.arena.base + header).storeBytes(of: UInt64(size), as: UInt64.self)
    _ = store(at: offset, size: size)
    cell(key).pointee.count &+= 1
    return true
  }

  /// Whether the value under `key` equals a configured one: like with like; a string equals bytes with the same UTF-8; a
  /// number equals one byte with that value.
  public func value(of key: MetadataKey, equals constant: ComparableConstant) -> Bool {
    switch (kind(of: key), constant.kind) {
    case (.bool, .bool), (.number, .number): return cell(key).pointee.payload == constant.number
    case (.bytes, .string), (.string, .string): return Self.equal(storedBytes(of: key), constant.bytes)
    case (.bytes, .number):
      let bytes = storedBytes(of: key)
      return bytes.count == 1 && UInt64(bytes[0]) == constant.number
    case (.list, .list):
      guard Int(cell(key).pointee.count) == constant.items.count else { return false }
      var at = Int(cell(key).pointee.payload)
      for index in constant.items.indices {
        let size = (context.pointee.arena.base + at).load(as: UInt64.self)
        let item = UnsafeRawBufferPointer(start: context.pointee.arena.base + at + 8, count: Int(size))
        at += 8 + (Int(size) + 7) & ~7
        switch constant.items[index].kind {
        case .string: if !Self.equal(item, constant.items[index].bytes) { return false }
        case .number: if item.count != 1 || UInt64(item[0]) != constant.items[index].number { return false }
        default: return false
        }
      }
      return true
    default: return false
    }
  }
}

// MARK: - Destinations

extension Packet {
  /// How many endpoints there are.
  @inlinable public var endpointCount: UInt32 { context.pointee.endpointCount }

  /// Adds one endpoint, by its place in the configuration, to the destinations. Places past the end are ignored, and so is
  /// a call on write, where the destination is the client.
  public mutating func addDestination(_ endpoint: UInt32) {
    guard endpoint < context.pointee.endpointCount, context.pointee.direction == .read else { return }
    let context = context
    context.pointee.destinations.append(endpoint, to: state)
  }

  /// Adds every endpoint that has the token kept under `key` to the destinations. The number of endpoints added.
  public mutating func addDestinations(withTokenIn key: MetadataKey) -> UInt32 {
    guard kind(of: key) == .bytes else { return 0 }
    let found = context.pointee.routing._withUnsafeGuaranteedRef { $0.endpoints(having: storedBytes(of: key)) }
    for endpoint in found { addDestination(endpoint) }
    return UInt32(truncatingIfNeeded: found.count)
  }

  /// Adds the endpoint that consistent hashing gives for `hash`. False where there is no endpoint.
  public mutating func addDestination(consistentlyFor hash: UInt64) -> Bool {
    guard context.pointee.endpointCount > 0 else { return false }
    addDestination(context.pointee.routing._withUnsafeGuaranteedRef { $0.endpoint(forHash: hash) })
    return true
  }
}

extension Packet {
  /// Calls `body` with the address of each destination that was chosen so far, in the order in which they were chosen.
  public func forEachDestination(_ body: (SocketAddress) -> Void) {
    var next = state.pointee.firstDestination
    while next != DestinationNode.end {
      let node = context.pointee.destinations[next]
      body(context.pointee.routing._withUnsafeGuaranteedRef { $0.endpoints[Int(node.endpoint)].address })
      next = node.next
    }
  }
}

// MARK: - Storage

extension Packet {
  @inlinable @inline(__always) func cell(_ key: MetadataKey) -> UnsafeMutablePointer<MetadataCell> {
    precondition(key.index < context.pointee.keyCount, "the key belongs to another chain")
    return state.pointee.cells + Int(key.index)
  }

  @inlinable @inline(__always) mutating func put(
    _ key: MetadataKey, _ kind: MetadataKind, _ payload: UInt64, count: UInt32 = 0
  ) {
    cell(key).pointee = MetadataCell(
      generation: context.pointee.generation, kind: kind, count: count, payload: payload)
  }

  /// Copies part of the payload, whose bounds were checked, and gives its place in the arena.
  private mutating func store(at offset: UInt32, size: UInt32) -> Int {
    let context = context
    let place = context.pointee.arena.take(Int(size))
    (context.pointee.arena.base + place).copyMemory(from: state.pointee.payload + Int(offset), byteCount: Int(size))
    return place
  }

  fileprivate func storedBytes(of key: MetadataKey) -> UnsafeRawBufferPointer {
    switch kind(of: key) {
    case .bytes, .string:
      let cell = cell(key)
      return UnsafeRawBufferPointer(
        start: context.pointee.arena.base + Int(cell.pointee.payload), count: Int(cell.pointee.count))
    default: return UnsafeRawBufferPointer(start: nil, count: 0)
    }
  }

  private static func equal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count where a[index] != b[index] { return false }
    return true
  }
}
