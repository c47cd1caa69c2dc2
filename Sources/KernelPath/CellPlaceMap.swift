import CDataPath
import FilterKit

/// Tells the kernel's program which cells of a state belong to which addresses.
struct CellPlaceMap: CellPlaces {
  let map: KernelMap<cell_key, UInt32>
  /// The first cell of the state.
  let first: UInt32

  func set(_ address: IPAddress, port: UInt16, cell: Int) -> Bool {
    do throws(KernelPathError) {
      try map.set(key(address, port), first + UInt32(cell))
      return true
    } catch { return false }
  }

  func remove(_ address: IPAddress, port: UInt16) { map.remove(key(address, port)) }

  private func key(_ address: IPAddress, _ port: UInt16) -> cell_key {
    cell_key(address: KernelBytes(address).array, state: first, port: port.bigEndian, reserved: 0)
  }
}
