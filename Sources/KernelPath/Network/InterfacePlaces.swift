import CDataPath
import FilterKit

/// The places of interfaces in the image and in the map of ways out. An interface keeps its place, since sessions hold it.
struct InterfacePlaces: Equatable {
  /// Indices by place; 0 for none.
  private(set) var indices = [UInt32](repeating: 0, count: Int(CHAIN_INTERFACES))
  /// Changes with every change of places.
  private(set) var epoch: UInt64 = 0

  init() {}

  /// As a process before this one had them.
  init(indices: [UInt32], epoch: UInt64) {
    self.indices = indices
    self.epoch = epoch
  }

  /// Gives places to these interfaces and to no other.
  mutating func assign(_ interfaces: [LocalInterface]) throws(KernelPathError) {
    guard interfaces.count <= indices.count else {
      throw .refused(
        KernelRefusal("it has \(interfaces.count) interfaces, and the kernel's program knows \(indices.count)"))
    }
    var new = indices.map { index in interfaces.contains { $0.index == index } ? index : 0 }
    for interface in interfaces where !new.contains(interface.index) {
      new[new.firstIndex(of: 0)!] = interface.index
    }
    if new != indices { epoch += 1 }
    indices = new
  }

  /// As the image lists them.
  /// - Parameter mode: how the program is attached to an interface.
  func entries(_ interfaces: [LocalInterface], mode: (LocalInterface) -> AttachMode) -> [interface] {
    indices.map { index in
      var entry = interface()
      guard let local = interfaces.first(where: { $0.index == index }) else { return entry }
      entry.index = index
      entry.generic = mode(local) == .generic ? 1 : 0
      withUnsafeMutableBytes(of: &entry.mac) { $0.copyBytes(from: local.mac ?? []) }
      return entry
    }
  }
}
