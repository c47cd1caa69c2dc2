import CDataPath
import PacketKit

/// `LoadBalancer` in the chain image: `flags` = the policy; `state` = the cell with the next turn and the seed.
extension LoadBalancerPolicy {
  @inline(__always) init(_ slot: UnsafePointer<slot>) {
    // Only policies are ever written there. By its raw value it would be looked up.
    self = unsafeBitCast(slot.pointee.flags & 3, to: LoadBalancerPolicy.self)
  }

  func encode(into slot: inout slot) {
    slot.kind = UInt8(SLOT_BALANCE.rawValue)
    slot.flags = rawValue
  }
}

#if hasFeature(Embedded)
  @_cdecl("balance_run")
  public func balanceRun(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    var packet = KernelPacket(raw)
    packet.balance = kernel_balance()
    let policy = LoadBalancerPolicy(slot)
    guard policy.takesTurns else { return LoadBalancerProgram.read(&packet, policy, turn: 0, seed: 0).rawValue }
    guard let cell = kernel_cell(slot.pointee.state) else { return UInt32(RUN_HAND_OVER) }
    return LoadBalancerProgram.read(&packet, policy, turn: cell.pointee.first, seed: cell.pointee.second).rawValue
  }

  /// The turn is taken only now: a packet that is handed over takes it on the sockets.
  @_cdecl("balance_commit")
  public func balanceCommit(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    if LoadBalancerPolicy(slot).takesTurns, let cell = kernel_cell(slot.pointee.state) {
      kernel_add(&cell.pointee.first, 1)
    }
    return 0
  }
#endif
