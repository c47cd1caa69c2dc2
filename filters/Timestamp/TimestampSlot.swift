import CDataPath
import PacketKit

// `Timestamp` in the chain image: `key`; `size` = the number of buckets, `second_size` = the number of the first one's counter,
// `words` = the exponent of the smallest bucket.

#if hasFeature(Embedded)
  @_cdecl("timestamp_run")
  public func timestampRun(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 { 0 }

  @_cdecl("timestamp_commit")
  public func timestampCommit(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    var packet = KernelPacket(raw)
    guard let age = TimestampProgram.age(&packet, MetadataKey(index: slot.pointee.key)) else { return 0 }
    let exponent = UInt32(truncatingIfNeeded: slot.pointee.words.0)
    kernel_observe(slot.pointee.second_size, exponent, slot.pointee.size, age)
    return 0
  }
#endif
