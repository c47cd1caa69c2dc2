// The kernel's packet: what packet programs see of a frame. Compiled for BPF only.
import CDataPath

struct KernelPacket: PacketAccess {
  let raw: UnsafeMutablePointer<packet>

  @inline(__always) init(_ raw: UnsafeMutablePointer<packet>) { self.raw = raw }

  var count: UInt32 { @inline(__always) get { raw.pointee.size } }
  var source: SocketAddress {
    @inline(__always) get {
      SocketAddress(
        IPAddress(high: raw.pointee.source.0.byteSwapped, low: raw.pointee.source.1.byteSwapped),
        port: raw.pointee.source_port.byteSwapped)
    }
  }

  @inline(__always) func removeFirst(_ size: UInt32) -> Bool {
    guard size <= count, cut(at: raw.pointee.front, size: size) else { return false }
    raw.pointee.front = raw.pointee.front &+ size
    raw.pointee.size = raw.pointee.size &- size
    return true
  }

  @inline(__always) func removeLast(_ size: UInt32) -> Bool {
    guard size <= count, cut(at: raw.pointee.front &+ raw.pointee.size &- size, size: size) else { return false }
    raw.pointee.size = raw.pointee.size &- size
    return true
  }

  @inline(__always) func capture(at offset: UInt32, size: UInt32, as key: MetadataKey) -> Bool {
    guard let bytes = bytes(at: raw.pointee.front &+ offset, size: size) else { return false }
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
  /// The start of `size` bytes at a place in what came, or nil where they are not all in the frame. The eight bytes in front of
  /// it are always there: the UDP header.
  @inline(__always) private func bytes(at place: UInt32, size: UInt32) -> UnsafeRawPointer? {
    guard size <= UInt32(CHAIN_VALUE_SIZE), place <= UInt32(MAXIMUM_PAYLOAD) else { return nil }
    // Behind the barrier the header's size stays apart from a place that only the packet knows, so the verifier sees that eight
    // bytes in front of the start are in the frame.
    let start = packet_opaque(UnsafeRawPointer(raw.pointee.datagram) + Int(place)) + 8
    return start + Int(size) <= packet_opaque(UnsafeRawPointer(raw.pointee.end)) ? start : nil
  }

  /// Notes the sum of bytes that go, each in the half of a word that it had as it came.
  @inline(__always) private func cut(at place: UInt32, size: UInt32) -> Bool {
    guard let bytes = bytes(at: place, size: size) else { return false }
    var sum: UInt64 = 0
    if size > 0 { sum = sum &+ halves(loadWord(bytes, size, 0)) }
    if size > 8 { sum = sum &+ halves(loadWord(bytes, size, 8)) }
    if size > 16 { sum = sum &+ halves(loadWord(bytes, size, 16)) }
    if size > 24 { sum = sum &+ halves(loadWord(bytes, size, 24)) }
    raw.pointee.cut = raw.pointee.cut &+ sum &<< UInt64((place & 1) &* 8)
    return true
  }

  @inline(__always) private func halves(_ word: UInt64) -> UInt64 { (word & 0xffff_ffff) &+ (word &>> 32) }

  @inline(__always) private func tag(_ kind: MetadataKind, _ size: UInt32) -> UInt64 {
    UInt64(kind.rawValue) << 32 | UInt64(size)
  }
  @inline(__always) private func cell(_ key: MetadataKey) -> UnsafeMutablePointer<value> {
    packet_value(raw, key.index)
  }
}

/// Bytes `at..<min(at + 8, size)`, zero padded. The last ones come with bytes in front of them, which are shifted out. `size` is a
/// constant to the verifier, so one branch is left. Not `loadUnaligned`: it would read byte by byte, and where XDP runs a word may
/// lie anywhere.
@inline(__always) private func loadWord(_ start: UnsafeRawPointer, _ size: UInt32, _ at: UInt32) -> UInt64 {
  if size >= at &+ 8 { return (start + Int(at)).load(as: UInt64.self) }
  guard size > at else { return 0 }
  return (start + Int(size) - 8).load(as: UInt64.self) &>> UInt64((at &+ 8 &- size) &* 8)
}
