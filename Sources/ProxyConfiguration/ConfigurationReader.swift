import FilterKit

/// Reads the root of a configuration.
struct ConfigurationReader {
  private enum Version: String, CaseIterable { case v1alpha1 }

  private(set) var id: String?
  private(set) var filters: [ConfigurationNode] = []
  private(set) var endpoints: [Endpoint] = []

  mutating func read(_ root: inout Options) {
    _ = root.choice("version", of: Version.self)
    id = root.optionalString("id")
    filters = root.optionalNodes("filters") ?? []
    var clusters = ClusterReader()
    _ = root.optionalList("clusters") { clusters.read(&$0) }
    endpoints = clusters.endpoints
    Self.readUnused(&root)
  }

  /// Keys of the existing ecosystem that files have and that mean nothing to this proxy. Their shape is checked all the same.
  private static func readUnused(_ root: inout Options) {
    _ = root.optionalString("icao_code")
    _ = root.optionalInteger("qcmp_port", in: 0...65535)
    if let node = root.node("datacenters") {
      switch node.content {
      case .mapping, .sequence, .unusable: break
      default: root.expect("a mapping", at: node)
      }
    }
    for key in ["icao_code", "qcmp_port", "datacenters"] where root.has(key) {
      root.warn("'\(key)' has no effect here", at: root.keyMark(of: key))
    }
  }
}
