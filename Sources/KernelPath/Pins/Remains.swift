import CBpf
public import FilterKit

/// What a proxy left in the kernel with `--stay`, whether it was one of this build or another.
public struct Remains: Sendable {
  private let folder: PinFolder
  /// Where the proxy listened; empty where another build wrote that down otherwise.
  public let listening: [SocketAddress]
  /// The interfaces that its program is on.
  public let interfaces: [String]
  /// How many sessions it carries.
  public let sessionCount: Int

  /// Where it is pinned.
  public var path: String { folder.path }

  /// What is left in this network namespace.
  ///
  /// - Parameter address: where the proxy listened; nil for all.
  public static func find(_ address: SocketAddress? = nil) -> [Remains] {
    (address.map { [PinFolder($0)] } ?? PinFolder.all).filter(\.exists).map(Remains.init)
  }

  init(_ folder: PinFolder) {
    self.folder = folder
    listening = folder.open(PinHeader.name).map(MapDescriptor.init(owning:)).flatMap(PinHeader.init)?.listening ?? []
    interfaces = folder.names.compactMap { Attachment(pinned: $0, in: folder)?.interface }
    sessionCount = folder.open("sessions").map(MapDescriptor.init(owning:))?.entryCount ?? 0
  }

  /// Takes the program off its interfaces, and all that is pinned out. The sessions end.
  public func remove() throws(KernelPathError) {
    for name in folder.names { Attachment(pinned: name, in: folder)?.detach() }
    folder.remove()
    if folder.exists { throw .notRemoved(path: path) }
  }
}

extension MapDescriptor {
  /// How many keys a map has, whatever they mean.
  fileprivate var entryCount: Int {
    var info = bpf_map_info()
    var size = UInt32(MemoryLayout<bpf_map_info>.size)
    guard bpf_obj_get_info_by_fd(number, &info, &size) == 0 else { return 0 }
    var (key, next) = (
      [UInt8](repeating: 0, count: Int(info.key_size)), [UInt8](repeating: 0, count: Int(info.key_size))
    )
    var count = 0
    var result = bpf_map_get_next_key(number, nil, &next)
    while result == 0, count < info.max_entries {
      count += 1
      swap(&key, &next)
      result = bpf_map_get_next_key(number, key, &next)
    }
    return count
  }
}
