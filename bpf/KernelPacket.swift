// The kernel's packet: what packet programs see of a frame. Compiled for BPF only.
import CDataPath

/// The largest payload that the kernel path reads, in bytes. A bound that the verifier can use.
private let maximumPayload: UInt64 = 9216

struct KernelPacket: PacketAccess {
  let raw: UnsafeMutablePointer<packet>

  @inline(__always) init(_ raw: UnsafeMutablePointer<packet>) { self.raw = raw }

  var count: UInt32 {
    @inline(__always) get { UInt32(truncatingIfNeeded: raw.pointee.size &- raw.pointee.front &- raw.pointee.back) }
  }
  var source: SocketAddress {
    @inline(__always) get {
      SocketAddress(
        IPAddress(high: raw.pointee.source.0, low: raw.pointee.source.1), port: raw.pointee.source_port)
    }
  }

  @inline(__always) func removeFirst(_ size: UInt32) -> Bool {
    guard size <= count else { return false }
    raw.pointee.front = raw.pointee.front &+ UInt64(size)
    return true
  }

  @inline(__always) func removeLast(_ size: UInt32) -> Bool {
    guard size <= count else { return false }
    raw.pointee.back = raw.pointee.back &+ UInt64(size)
    return true
  }

  @inline(__always) func capture(at offset: UInt32, size: UInt32, as key: MetadataKey) -> Bool {
    guard let bytes = bytes(at: raw.pointee.front &+ UInt64(offset), size: size) else { return false }
    guard key.index < UInt16(CHAIN_VALUES) else { return true }
    // Field by field: a value that is built and then copied would take the stack twice.
    let cell = packet_value(raw, key.index)
    cell.pointee.words.0 = loadWord(bytes, size, 0)
    cell.pointee.words.1 = loadWord(bytes, size, 8)
    cell.pointee.words.2 = loadWord(bytes, size, 16)
    cell.pointee.words.3 = loadWord(bytes, size, 24)
    cell.pointee.tag = tag(.bytes, size)
    return true
  }

  @inline(__always) func set(_ key: MetadataKey, bool: Bool) {
    guard key.index < UInt16(CHAIN_VALUES) else { return }
    let cell = packet_value(raw, key.index)
    cell.pointee.words.0 = bool ? 1 : 0
    cell.pointee.tag = tag(.bool, 0)
  }

  @inline(__always) func kind(of key: MetadataKey) -> MetadataKind {
    MetadataKind(rawValue: UInt8(truncatingIfNeeded: cell(key).pointee.tag >> 32)).unsafelyUnwrapped
  }
  @inline(__always) func scalar(of key: MetadataKey) -> UInt64 { cell(key).pointee.words.0 }
  @inline(__always) func size(of key: MetadataKey) -> UInt32 {
    UInt32(truncatingIfNeeded: cell(key).pointee.tag)
  }
  @inline(__always) func word(of key: MetadataKey, at offset: UInt32) -> UInt64 {
    switch offset {
    case 0: cell(key).pointee.words.0
    case 8: cell(key).pointee.words.1
    case 16: cell(key).pointee.words.2
    default: cell(key).pointee.words.3
    }
  }

  @inline(__always) func addDestinations(withTokenIn key: MetadataKey) -> UInt32 {
    let cell = cell(key)
    guard let entry = kernel_token(cell) else { return 0 }
    raw.pointee.endpoint = entry.pointee.endpoint
    raw.pointee.destinations = raw.pointee.destinations &+ entry.pointee.count
    return entry.pointee.count
  }
}

// MARK: - Storage

extension KernelPacket {
  /// The start of `size` bytes at a place in what came, or nil where they are not all in the frame.
  @inline(__always) private func bytes(at place: UInt64, size: UInt32) -> UnsafeRawPointer? {
    guard size <= UInt32(CHAIN_VALUE_SIZE), place <= maximumPayload else { return nil }
    let start = UnsafeRawPointer(raw.pointee.payload) + Int(place)
    return start + Int(size) <= packet_opaque(UnsafeRawPointer(raw.pointee.end)) ? start : nil
  }

  @inline(__always) private func tag(_ kind: MetadataKind, _ size: UInt32) -> UInt64 {
    UInt64(kind.rawValue) << 32 | UInt64(size)
  }
  @inline(__always) private func cell(_ key: MetadataKey) -> UnsafeMutablePointer<value> {
    packet_value(raw, key.index)
  }
}

/// Bytes `at..<min(at + 8, size)`, zero padded. `size` is a constant to the verifier, so one branch of each is left.
@inline(__always) private func loadWord(_ start: UnsafeRawPointer, _ size: UInt32, _ at: UInt32) -> UInt64 {
  if size >= at &+ 8 { return (start + Int(at)).loadUnaligned(as: UInt64.self) }
  guard size > at else { return 0 }
  var word: UInt64 = 0
  var place = at
  if size & 4 != 0 {
    word = UInt64((start + Int(place)).loadUnaligned(as: UInt32.self))
    place = place &+ 4
  }
  if size & 2 != 0 {
    word |= UInt64((start + Int(place)).loadUnaligned(as: UInt16.self)) &<< UInt64((place &- at) &* 8)
    place = place &+ 2
  }
  if size & 1 != 0 {
    word |= UInt64((start + Int(place)).load(as: UInt8.self)) &<< UInt64((place &- at) &* 8)
  }
  return word
}
