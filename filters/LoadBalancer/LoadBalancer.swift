import CDataPath
public import FilterKit
import Synchronization

/// Sends each packet to one of the endpoints.
public struct LoadBalancer: Filter {
  public static let name = "LoadBalancer"
  public static let aliases = ["quilkin.filters.load_balancer.v1alpha1.LoadBalancer"]
  public static let summary = "Sends to one endpoint: in turns, at random, or by the client's address."

  /// A cell with the next turn, which all workers and the kernel's program take, and the seed of the random choice.
  private let turns: SharedCells
  private let policy: LoadBalancerPolicy

  public init(options: inout Options, context: inout FilterContext) {
    policy = options.choice(
      "policy",
      among: [
        ("ROUND_ROBIN", .roundRobin), ("RANDOM", .random), ("HASH", .hash), ("CONSISTENT_HASH", .consistentHash),
      ], default: .roundRobin)
    turns = context.state(of: 0) {
      let turns = SharedCells(count: 1)
      turns.word(1, ofCell: 0).pointee.store(.random(in: .min ... .max), ordering: .relaxed)
      return turns
    }
  }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    guard image.direction == .read else { return }
    image.choosesEndpoints(consistently: policy == .consistentHash)
    let state = policy.takesTurns ? image.number(of: turns) : 0
    try image.append { slot in
      policy.encode(into: &slot)
      slot.state = state
    }
  }

  public func read(_ packet: inout Packet) -> Verdict {
    LoadBalancerProgram.read(&packet, policy, turn: takeTurns(1), seed: seed)
  }

  public func read(batch: inout PacketBatch) {
    var rest = batch.livePackets
    // The turns of a batch are taken at once, so that workers meet at the counter once a batch.
    var turn = policy.takesTurns ? takeTurns(rest.nonzeroBitCount) : 0
    let seed = seed
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      var packet = batch.packet(index)
      let verdict = LoadBalancerProgram.read(&packet, policy, turn: turn, seed: seed)
      if !verdict.isForward { batch.drop(index, verdict.reason) }
      turn &+= 1
    }
  }

  private func takeTurns(_ count: Int) -> UInt64 {
    turns.word(0, ofCell: 0).pointee.wrappingAdd(UInt64(count), ordering: .relaxed).oldValue
  }

  private var seed: UInt64 { turns.word(1, ofCell: 0).pointee.load(ordering: .relaxed) }
}
