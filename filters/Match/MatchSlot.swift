import CDataPath
import PacketKit

/// One branch of `Match` in the chain image: `key`; `second_key` = the kind of the value, `size` its bytes, `words` the value;
/// `flags` 1 = the first branch, which looks whether there is a value at all; `jump` = where the next branch is.
extension MatchValue {
  @inline(__always) init(_ slot: UnsafePointer<slot>) {
    self.init(
      kind: unsafeBitCast(UInt8(truncatingIfNeeded: slot.pointee.second_key), to: MetadataKind.self),
      size: slot.pointee.size, word0: slot.pointee.words.0, word1: slot.pointee.words.1, word2: slot.pointee.words.2,
      word3: slot.pointee.words.3)
  }

  func encode(into slot: inout slot, key: MetadataKey, isFirst: Bool) {
    slot.kind = UInt8(SLOT_MATCH.rawValue)
    slot.flags = isFirst ? 1 : 0
    slot.key = key.index
    slot.second_key = UInt16(kind.rawValue)
    slot.size = size
    slot.words = (word0, word1, word2, word3)
  }
}

#if hasFeature(Embedded)
  @_cdecl("match_run")
  public func matchRun(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    var packet = KernelPacket(raw)
    let key = MetadataKey(index: slot.pointee.key)
    if slot.pointee.flags & 1 != 0, packet.kind(of: key) == .none { return DropReason.matchNoMetadata.rawValue }
    var value = MatchValue(slot)
    // Spelled out, so that the words that a short value does not have are not read.
    if value.size <= 8 {
      (value.word1, value.word2, value.word3) = (0, 0, 0)
      return MatchProgram.equals(&packet, key, value) ? 0 : UInt32(RUN_JUMP)
    }
    return MatchProgram.equals(&packet, key, value) ? 0 : UInt32(RUN_JUMP)
  }
#endif
