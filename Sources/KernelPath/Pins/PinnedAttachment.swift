import CBpf
import FilterKit
import Glibc

/// A program on an interface that stays there when the process ends. Its pin says what its link does not: `link-2-native`.
extension Attachment {
  private static let pinPrefix = "link-"

  /// The name of its pin.
  var pinName: String { "\(Self.pinPrefix)\(index)-\(mode.rawValue)" }

  /// Whether a pin is one of a link. So were those of all builds.
  static func isPinName(_ name: String) -> Bool { name.hasPrefix(pinPrefix) }

  /// Opens what another process has pinned; nil where that is none, or its interface has gone away.
  convenience init?(pinned name: String, in folder: PinFolder) {
    guard Self.isPinName(name), let link = folder.open(name) else { return nil }
    let parts = name.split(separator: "-")
    var info = bpf_link_info()
    var size = UInt32(MemoryLayout<bpf_link_info>.size)
    let interface = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(IFNAMSIZ)) { text -> String? in
      guard bpf_obj_get_info_by_fd(link, &info, &size) == 0, info.xdp.ifindex != 0 else { return nil }
      return if_indextoname(info.xdp.ifindex, text.baseAddress!).map { String(cString: $0) }
    }
    guard let interface else {
      close(link)
      return nil
    }
    let mode = parts.count == 3 ? AttachMode(rawValue: String(parts[2])) : nil
    self.init(adopting: link, on: interface, index: info.xdp.ifindex, mode: mode ?? .auto)
  }
}
