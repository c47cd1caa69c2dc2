extension Packet {
  /// Cuts bytes off the front. False, and nothing done, where there are not as many.
  @inlinable public mutating func removeFirst(_ size: UInt32) -> Bool {
    guard size <= count else { return false }
    let state = state
    state.pointee.lower &+= size
    return true
  }

  /// Cuts bytes off the end. False, and nothing done, where there are not as many.
  @inlinable public mutating func removeLast(_ size: UInt32) -> Bool {
    guard size <= count else { return false }
    let state = state
    state.pointee.upper &-= size
    return true
  }

  /// Puts bytes before the payload. False, and nothing done, where a datagram would be too small for the result.
  public mutating func prepend(_ bytes: RawSpan) -> Bool {
    guard makeRoom(front: bytes.byteCount, back: 0) else { return false }
    let state = state
    state.pointee.lower &-= UInt32(bytes.byteCount)
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { state.pointee.payload.copyMemory(from: start, byteCount: source.count) }
    }
    return true
  }

  /// Puts bytes behind the payload. False, and nothing done, where a datagram would be too small for the result.
  public mutating func append(_ bytes: RawSpan) -> Bool {
    guard makeRoom(front: 0, back: bytes.byteCount) else { return false }
    let state = state
    bytes.withUnsafeBytes { source in
      guard let start = source.baseAddress else { return }
      (state.pointee.payload + Int(count)).copyMemory(from: start, byteCount: source.count)
    }
    state.pointee.upper &+= UInt32(bytes.byteCount)
    return true
  }

  /// Puts bytes before the payload. False, and nothing done, where a datagram would be too small for the result.
  public mutating func prepend(_ bytes: ConstantBytes) -> Bool {
    prepend(RawSpan(_unsafeStart: bytes.start, byteCount: Int(bytes.count)))
  }

  /// Puts bytes behind the payload. False, and nothing done, where a datagram would be too small for the result.
  public mutating func append(_ bytes: ConstantBytes) -> Bool {
    append(RawSpan(_unsafeStart: bytes.start, byteCount: Int(bytes.count)))
  }

  /// Makes a new payload out of the old one: `build` writes it and says how many bytes it has, or nil where it cannot.
  ///
  /// False, and nothing done, for nil and for more than `PacketBatch.maximumPayload` bytes.
  public mutating func replacePayload(
    _ build: (_ old: UnsafeRawBufferPointer, _ new: UnsafeMutableRawBufferPointer) -> Int?
  ) -> Bool {
    let scratch = UnsafeMutableRawBufferPointer(start: context.pointee.scratch, count: PacketBatch.scratchSize)
    let old = UnsafeRawBufferPointer(start: state.pointee.payload, count: Int(count))
    guard let size = build(old, scratch), size >= 0, size <= PacketBatch.maximumPayload else { return false }
    state.pointee.lower = UInt32(PacketBatch.headroom)
    state.pointee.upper = UInt32(PacketBatch.headroom + size)
    state.pointee.payload.copyMemory(from: scratch.baseAddress!, byteCount: size)
    return true
  }

  /// Sees to it that the slot has room on both sides, by moving the payload if it must.
  private mutating func makeRoom(front: Int, back: Int) -> Bool {
    let count = Int(self.count)
    guard front + back + count <= PacketBatch.maximumPayload else { return false }
    if front > Int(state.pointee.lower) || Int(state.pointee.upper) + back > PacketBatch.slotSize {
      // What is free is shared between both ends, so that a row of filters that all add at one end moves it seldom.
      let free = PacketBatch.slotSize - count - front - back
      let lower = front + free / 2
      (state.pointee.slot + lower).copyMemory(from: state.pointee.payload, byteCount: count)
      state.pointee.lower = UInt32(lower)
      state.pointee.upper = UInt32(lower + count)
    }
    return true
  }
}
