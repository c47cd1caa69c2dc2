import CDataPath
import PacketKit

#if hasFeature(Embedded)
  @_cdecl("drop_run")
  public func dropRun(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    var packet = KernelPacket(raw)
    return DropProgram.run(&packet).rawValue
  }
#endif
