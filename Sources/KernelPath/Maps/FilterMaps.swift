import CDataPath
import FilterKit

/// The maps that filters have beside the chain's image.
struct FilterMaps: Sendable {
  let prefixes: KernelMap<prefix_key, UInt32>
  /// A set is larger than what Swift shows of C arrays.
  let portSets: KernelMap<UInt32, UInt8>

  /// Writes the networks and the sets of ports of a chain.
  func fill(_ tables: KernelTables) throws(KernelPathError) {
    for prefix in tables.prefixes { try prefixes.set(Self.key(prefix), prefix.answer) }
    for (index, ports) in tables.portSets.enumerated() {
      try portSets.set(UInt32(index), bytes: ports.bits)
    }
  }

  private static func key(_ prefix: KernelTables.Prefix) -> prefix_key {
    let isV4 = prefix.block.network.isV4
    // The table's number counts as bits in front of the address; IPv4 has tables of its own.
    return prefix_key(
      length: UInt32(32 + (isV4 ? 96 : 0) + prefix.block.prefixLength), table: 2 * prefix.table + (isV4 ? 0 : 1),
      address: KernelBytes(prefix.block.network).array)
  }
}
