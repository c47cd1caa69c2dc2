import CDataPath
import FilterKit

/// Tells the kernel's program which cells of a state belong to which addresses.
struct CellPlaceMap: CellPlaces {
  /// Keeps the map for as long as a state may change it.
  let descriptor: MapDescriptor
  /// The first cell of the state.
  let first: UInt32

  func set(_ address: IPAddress, port: UInt16, cell: Int) -> Bool {
    do throws(KernelPathError) {
      try map.set(key(address, port), first + UInt32(cell))
      return true
    } catch { return false }
  }

  func remove(_ address: IPAddress, port: UInt16) { map.remove(key(address, port)) }

  private var map: KernelMap<cell_key, UInt32> { KernelMap(descriptor.number) }

  /// Forgets all addresses of states that are gone, by their first cells.
  static func forget(_ firsts: Set<UInt32>, in descriptor: MapDescriptor) {
    let map = KernelMap<cell_key, UInt32>(descriptor.number)
    for key in map.keys where firsts.contains(key.state) { map.remove(key) }
  }

  private func key(_ address: IPAddress, _ port: UInt16) -> cell_key {
    cell_key(address: KernelBytes(address).array, state: first, port: port.bigEndian, reserved: 0)
  }
}
