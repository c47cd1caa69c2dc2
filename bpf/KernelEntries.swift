// How the kernel's program comes to the packet programs of authors. For each of them the build adds entries in C, `program_NAME_read`,
// `program_NAME_write` and `program_NAME_note`, which call these.
import CDataPath

extension PacketProgram {
  @inline(__always) static func read(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    var packet = KernelPacket(raw, slot)
    let verdict = read(&packet, options(slot))
    return packet.result(verdict)
  }

  @inline(__always) static func write(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    var packet = KernelPacket(raw, slot)
    let verdict = write(&packet, options(slot))
    return packet.result(verdict)
  }

  @inline(__always) static func note(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    var packet = KernelPacket(raw, slot)
    return note(&packet, options(slot)).rawValue
  }

  /// The slot's words are those that `ChainEncoder.append` wrote.
  @inline(__always) private static func options(_ slot: UnsafePointer<slot>) -> Options {
    slot_bytes(slot).load(as: Options.self)
  }
}
