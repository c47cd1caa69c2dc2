public import FilterKit
import Synchronization

/// Sends each packet to one of the endpoints.
public struct LoadBalancer: Filter {
  public static let name = "LoadBalancer"
  public static let aliases = ["quilkin.filters.load_balancer.v1alpha1.LoadBalancer"]

  /// The turns that were given out, to all workers.
  private final class Turns: Sendable {
    let next = Atomic<UInt64>(0)
  }

  private let policy: LoadBalancerPolicy
  private let turns = Turns()

  public init(options: inout Options, context: inout FilterContext) {
    policy = options.choice(
      "policy",
      among: [
        ("ROUND_ROBIN", .roundRobin), ("RANDOM", .random), ("HASH", .hash), ("CONSISTENT_HASH", .consistentHash),
      ], default: .roundRobin)
  }

  public func read(_ packet: inout Packet) -> Verdict {
    LoadBalancerProgram.read(&packet, policy, turn: turns.next.wrappingAdd(1, ordering: .relaxed).oldValue)
  }

  public func read(batch: inout PacketBatch) {
    var rest = batch.livePackets
    // The turns of a batch are taken at once, so that workers meet at the counter once a batch.
    var turn: UInt64 = 0
    if policy == .roundRobin {
      turn = turns.next.wrappingAdd(UInt64(rest.nonzeroBitCount), ordering: .relaxed).oldValue
    }
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      var packet = batch.packet(index)
      let verdict = LoadBalancerProgram.read(&packet, policy, turn: turn)
      if !verdict.isForward { batch.drop(index, verdict.reason) }
      turn &+= 1
    }
  }
}
