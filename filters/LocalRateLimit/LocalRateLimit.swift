import CDataPath
public import FilterKit

/// Drops the packets of a client that sends more than it may.
public struct LocalRateLimit: Filter {
  public static let name = "LocalRateLimit"
  public static let aliases = ["quilkin.filters.local_rate_limit.v1alpha1.LocalRateLimit"]
  public static let summary = "Limits packets per client and period."

  private let table: RateLimitTable
  private let countsPorts: Bool
  private let evictions: Counter

  public init(options: inout Options, context: inout FilterContext) {
    let maximumPackets = options.integer("max_packets", in: 0...Int(UInt32.max))
    let period = options.integer("period", in: 1...Int(UInt32.max), default: 1)
    let maximumKeys = options.integer("max_keys", in: 1...16_000_000, default: 1_000_000)
    countsPorts = options.choice("key", among: [("SOURCE", true), ("ADDRESS", false)], default: true)
    table = context.state(of: [maximumPackets, period, maximumKeys, countsPorts ? 1 : 0]) {
      RateLimitTable(
        RateLimit(maximumPackets: UInt64(maximumPackets), period: Int64(period) * 1_000_000_000),
        maximumKeys: maximumKeys)
    }
    evictions = context.counter(
      "proxy_rate_limit_evictions_total",
      help: "Clients that a full rate limit table forgot before their window was over: they start anew.")
  }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    guard image.direction == .read else { return }
    let number = try image.numberOfNextLimit()
    let state = image.number(of: table)
    try image.append { slot in
      table.limit.encode(into: &slot, countsPorts: countsPorts, number: number)
      slot.state = state
    }
  }

  public func read(_ packet: inout Packet) -> Verdict {
    let key = LocalRateLimitProgram.key(of: &packet, withPort: countsPorts)
    let outcome = table.admit(key, now: packet.now)
    if outcome.isAfterEviction { packet.add(to: evictions) }
    return outcome.isAdmitted ? .forward : .drop(.rateLimited)
  }
}
