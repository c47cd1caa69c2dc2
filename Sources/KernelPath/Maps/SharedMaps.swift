import CBpf
import Glibc

/// Maps by name, around which a program can be loaded.
package struct SharedMaps: Sendable {
  let descriptors: [String: MapDescriptor]

  /// Gives the maps to an object before its load, so that it makes none in their place.
  package func give(to object: OpaquePointer, anew: Set<KernelMaps.Role>) throws(KernelPathError) {
    for (name, map) in KernelMaps.maps(of: object) where !anew.contains(KernelMaps.Role(name)) {
      guard let descriptor = descriptors[name] else { continue }
      guard bpf_map__reuse_fd(map, descriptor.number) == 0 else {
        throw .system(call: "sharing of the map \(name)", errno: errno)
      }
    }
  }
}
