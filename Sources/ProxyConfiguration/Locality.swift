/// Where a cluster is, from the large to the small.
public struct Locality: Hashable, Sendable, CustomStringConvertible {
  public let region: String
  /// The zone in the region; may be empty.
  public let zone: String
  /// The part of the zone; may be empty.
  public let subZone: String

  public init(region: String, zone: String = "", subZone: String = "") {
    self.region = region
    self.zone = zone
    self.subZone = subZone
  }

  /// Reads `region`, `region:zone` or `region:zone:sub_zone`.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard (1...3).contains(parts.count), !parts[0].isEmpty else { return nil }
    self.init(region: parts[0], zone: parts.count > 1 ? parts[1] : "", subZone: parts.count > 2 ? parts[2] : "")
  }

  public var description: String {
    if !subZone.isEmpty { return "\(region):\(zone):\(subZone)" }
    return zone.isEmpty ? region : "\(region):\(zone)"
  }
}
