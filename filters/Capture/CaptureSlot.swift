import CDataPath
import PacketKit

/// `Capture` in the chain image: `flags` 1 = suffix, 2 = remove; `key` and `second_key` = the value and whether it is present.
extension AffixCapture {
  @inline(__always) init(_ slot: UnsafePointer<slot>) {
    self.init(
      size: slot.pointee.size, isSuffix: slot.pointee.flags & 1 != 0, removes: slot.pointee.flags & 2 != 0,
      key: MetadataKey(index: slot.pointee.key), isPresent: MetadataKey(index: slot.pointee.second_key))
  }

  func encode(into slot: inout slot) {
    slot.kind = UInt8(SLOT_CAPTURE.rawValue)
    slot.flags = (isSuffix ? 1 : 0) | (removes ? 2 : 0)
    slot.size = size
    slot.key = key.index
    slot.second_key = isPresent.index
  }
}

#if hasFeature(Embedded)
  @_cdecl("capture_run")
  public func captureRun(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    guard slot.pointee.size <= UInt32(CHAIN_VALUE_SIZE) else { return UInt32(RUN_HAND_OVER) }
    var packet = KernelPacket(raw)
    // Spelled out, so that the compiler knows the end at which each works.
    var options = AffixCapture(slot)
    if options.isSuffix {
      options.isSuffix = true
      return CaptureProgram.read(&packet, options).rawValue
    }
    options.isSuffix = false
    return CaptureProgram.read(&packet, options).rawValue
  }
#endif
