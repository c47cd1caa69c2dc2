import CDataPath
import PacketKit

/// `PacketSize` in the chain image: `size` and `second_size` = minimum and maximum.
extension PacketSizeBounds {
  @inline(__always) init(_ slot: UnsafePointer<slot>) {
    self.init(minimum: slot.pointee.size, maximum: slot.pointee.second_size)
  }

  func encode(into slot: inout slot) {
    slot.kind = UInt8(SLOT_SIZE.rawValue)
    slot.size = minimum
    slot.second_size = maximum
  }
}

#if hasFeature(Embedded)
  @_cdecl("size_run")
  public func sizeRun(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    var packet = KernelPacket(raw)
    return PacketSizeProgram.run(&packet, PacketSizeBounds(slot)).rawValue
  }
#endif
