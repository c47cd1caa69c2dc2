import CDataPath
import PacketKit

/// Up to 32 bytes of `Concatenate` in the chain image: `flags` 1 = in front; `size` and `words` = the bytes, zero behind them.
extension ConcatenateAction {
  static let bytesPerSlot = 32

  /// - Parameter bytes: at most `bytesPerSlot`.
  func encode(_ bytes: some Collection<UInt8>, into slot: inout slot) {
    slot.kind = UInt8(SLOT_CONCATENATE.rawValue)
    slot.flags = self == .prepend ? 1 : 0
    slot.size = UInt32(bytes.count)
    withUnsafeMutableBytes(of: &slot.words) { $0.copyBytes(from: bytes) }
  }
}

#if hasFeature(Embedded)
  @_cdecl("concatenate_run")
  public func concatenateRun(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    var packet = KernelPacket(raw)
    let bytes = ConstantBytes(start: slot_bytes(slot), count: slot.pointee.size)
    // Spelled out, so that the compiler knows the end at which each works.
    if slot.pointee.flags & 1 == 0 { return ConcatenateProgram.run(&packet, .append, bytes).rawValue }
    return ConcatenateProgram.run(&packet, .prepend, bytes).rawValue
  }
#endif
