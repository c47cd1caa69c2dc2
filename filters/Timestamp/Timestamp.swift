import CDataPath
public import FilterKit

/// Observes the age of packets by a time that they carry. It drops and changes nothing.
public struct Timestamp: Filter {
  public static let name = "Timestamp"
  public static let aliases = ["quilkin.filters.timestamp.v1alpha1.Timestamp"]
  public static let summary = "Measures how old packets are."

  private let key: MetadataKey
  private let ages: Histogram

  public init(options: inout Options, context: inout FilterContext) {
    key = context.key(options.string("metadataKey"))
    // Observed in milliseconds: timestamps are whole seconds, and the sum of finer ones would run over in days.
    // 24 doubling buckets from 1 ms on reach 2 h 20 min.
    ages = context.histogram(
      "proxy_timestamp_age_seconds", help: "Age of packets by the timestamp that they carry.", smallestExponent: 0,
      bucketCount: 24, scale: 1e-3)
  }

  public func read(_ packet: inout Packet) -> Verdict { observe(&packet) }
  public func write(_ packet: inout Packet) -> Verdict { observe(&packet) }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    let key = try image.place(observing: key)
    let first = try image.number(of: ages)
    image.readsWallClock()
    try image.append { slot in
      slot.kind = UInt8(SLOT_TIMESTAMP.rawValue)
      slot.key = key.index
      slot.size = ages.bucketCount
      slot.second_size = first
      slot.words.0 = UInt64(ages.smallestExponent)
    }
  }

  private func observe(_ packet: inout Packet) -> Verdict {
    if let age = TimestampProgram.age(&packet, key) { packet.observe(age, in: ages) }
    return .forward
  }
}
