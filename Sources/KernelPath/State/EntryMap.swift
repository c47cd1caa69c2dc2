import CDataPath
import FilterKit

/// Gives the kernel's program the entries of a state.
struct EntryMap: StateEntries {
  /// Keeps the map for as long as a state may change it.
  let descriptor: MapDescriptor
  /// The first cell of the state.
  let first: UInt32

  func set(_ key: ShortBytes, _ value: UInt64) -> Bool {
    do throws(KernelPathError) {
      try map.set(entry(key), value)
      return true
    } catch { return false }
  }

  func remove(_ key: ShortBytes) { map.remove(entry(key)) }

  private var map: KernelMap<entry_key, UInt64> { KernelMap(descriptor.number) }

  /// Forgets all entries of states that are gone, by their first cells.
  static func forget(_ firsts: Set<UInt32>, in descriptor: MapDescriptor) {
    guard !firsts.isEmpty else { return }
    let map = KernelMap<entry_key, UInt64>(descriptor.number)
    for key in map.keys where firsts.contains(UInt32(key.tag >> 32)) { map.remove(key) }
  }

  private func entry(_ key: ShortBytes) -> entry_key {
    entry_key(tag: UInt64(first) << 32 | UInt64(key.size), words: (key.word0, key.word1, key.word2, key.word3))
  }
}
