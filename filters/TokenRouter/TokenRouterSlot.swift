import CDataPath
import PacketKit

#if hasFeature(Embedded)
  @_cdecl("route_run")
  public func routeRun(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    var packet = KernelPacket(raw)
    return TokenRouterProgram.read(&packet, token: MetadataKey(index: slot.pointee.key)).rawValue
  }
#endif
