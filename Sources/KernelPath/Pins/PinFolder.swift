import CBpf
import CSys
import FilterKit
import Glibc

/// A folder of the BPF file system. What is pinned there outlives the process, until it is taken out or the host goes down.
///
/// Each proxy has its own, by its network namespace and listening address: `/sys/fs/bpf/pinion/1-10_0_0_1-7777`.
struct PinFolder: Sendable, CustomStringConvertible {
  static let fileSystem = "/sys/fs/bpf"
  private static let parent = fileSystem + "/pinion"

  let path: String

  var description: String { path }

  init(_ listening: SocketAddress) {
    // The file system takes no dots in names.
    let address = listening.ip.isUnspecified ? "any" : String("\(listening.ip)".map { $0 == "." ? "_" : $0 })
    path = "\(Self.parent)/\(Self.prefix)\(address)-\(listening.port)"
  }

  private init(path: String) { self.path = path }

  /// Those of all proxies of this network namespace.
  static var all: [PinFolder] {
    names(in: parent).filter { $0.hasPrefix(prefix) }.map { PinFolder(path: "\(parent)/\($0)") }
  }

  private static var prefix: String { "\(csys_network_namespace())-" }

  var exists: Bool { access(path, F_OK) == 0 }

  /// What is pinned here, by name.
  var names: [String] { Self.names(in: path) }

  /// Makes the folder, and mounts the file system where it is missing.
  ///
  /// - Returns: whether that was seen by this process's mount namespace alone, as below `ip netns exec`: such a mount ends with it.
  func make() throws(KernelPathError) -> Bool {
    var isPrivate = false
    if !csys_is_bpf_file_system(Self.fileSystem) {
      guard csys_mount_bpf_file_system(Self.fileSystem) == 0 else { throw .notPinned(path: path, errno: errno) }
      isPrivate = Self.target(of: "/proc/self/ns/mnt") != Self.target(of: "/proc/1/ns/mnt")
    }
    for folder in [Self.parent, path] where mkdir(folder, 0o700) != 0 && errno != EEXIST {
      throw .notPinned(path: path, errno: errno)
    }
    return isPrivate
  }

  private static func target(of link: String) -> String? {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { text in
      let size = readlink(link, text.baseAddress!, text.count)
      return size > 0 ? String(decoding: text[..<size], as: UTF8.self) : nil
    }
  }

  /// Pins an object of the kernel by its descriptor, in place of what has the name.
  func pin(_ descriptor: Int32, as name: String) throws(KernelPathError) {
    unlink("\(path)/\(name)")
    guard bpf_obj_pin(descriptor, "\(path)/\(name)") == 0 else {
      throw .notPinned(path: "\(path)/\(name)", errno: errno)
    }
  }

  /// Opens what has a name; nil where nothing has.
  func open(_ name: String) -> Int32? {
    let descriptor = bpf_obj_get("\(path)/\(name)")
    return descriptor < 0 ? nil : descriptor
  }

  /// Takes out what has a name. What others hold open lives on.
  func unpin(_ name: String) { unlink("\(path)/\(name)") }

  /// Takes all out, and the folder away. The one above it stays: another proxy may be about to use it.
  func remove() {
    // Without its header the rest means nothing: that goes first.
    unpin(PinHeader.name)
    for name in names { unpin(name) }
    rmdir(path)
  }

  private static func names(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
