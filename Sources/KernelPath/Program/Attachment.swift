import CBpf
import FilterKit
import Glibc
import Synchronization

/// How the program is attached to an interface.
public enum AttachMode: String, CaseIterable, Sendable {
  /// Native where the driver can, generic otherwise. Generic on a veth and other interfaces of software: their drivers lose what a
  /// native program sends back unless the other end has a program too.
  case auto
  /// In the driver, before the kernel makes a socket buffer.
  case native
  /// Behind the driver: works everywhere, and saves less.
  case generic
}

/// The program on one interface. Detaches when it goes away, unless it is pinned; the kernel sees to it where the process is killed.
final class Attachment: Sendable, CustomStringConvertible {
  let interface: String
  /// The interface's number: one that comes back under its name has another.
  let index: UInt32
  let mode: AttachMode
  private let link: Int32
  private let isPinned = Atomic(false)

  init(_ program: KernelProgram, to interface: LocalInterface, mode: AttachMode) throws(KernelPathError) {
    self.interface = interface.name
    index = interface.index
    var failure: Int32 = 0
    for mode in Self.modes(interface, mode) {
      var options = bpf_link_create_opts()
      options.sz = MemoryLayout<bpf_link_create_opts>.size
      options.flags = mode == .native ? UInt32(XDP_FLAGS_DRV_MODE) : UInt32(XDP_FLAGS_SKB_MODE)
      let link = bpf_link_create(program.descriptor, Int32(interface.index), BPF_XDP, &options)
      if link >= 0 {
        self.link = link
        self.mode = mode
        return
      }
      failure = -link
    }
    throw .notAttached(interface: interface.name, mode: mode, errno: failure)
  }

  /// Takes over a link that is pinned, and owns its descriptor.
  init(adopting link: Int32, on interface: String, index: UInt32, mode: AttachMode) {
    self.interface = interface
    self.index = index
    self.mode = mode
    self.link = link
    isPinned.store(true, ordering: .relaxed)
  }

  /// The modes to try, the best first.
  static func modes(_ interface: LocalInterface, _ mode: AttachMode) -> [AttachMode] {
    guard mode == .auto else { return [mode] }
    return interface.kind == .software ? [.generic] : [.native, .generic]
  }

  deinit {
    if !stays { detach() }
    close(link)
  }

  /// Whether the program stays on the interface when this goes away.
  var stays: Bool { isPinned.load(ordering: .relaxed) }

  func pin(in folder: PinFolder) throws(KernelPathError) {
    try folder.pin(link, as: pinName)
    isPinned.store(true, ordering: .relaxed)
  }

  /// It does not stay: its pin is gone.
  func unpinned() { isPinned.store(false, ordering: .relaxed) }

  /// Takes the program off the interface. Further calls do nothing.
  func detach() {
    // Closing alone would leave it in place for as long as a child that was just forked holds a copy.
    _ = bpf_link_detach(link)
  }

  var description: String { "\(interface) (\(mode.rawValue))" }

  /// Whether the program is there: not where the interface has gone away.
  var isInPlace: Bool {
    var info = bpf_link_info()
    var size = UInt32(MemoryLayout<bpf_link_info>.size)
    return bpf_obj_get_info_by_fd(link, &info, &size) == 0 && info.xdp.ifindex != 0
  }

  /// Puts another program in place of the one that runs: no packet passes without one.
  func swap(to program: KernelProgram) throws(KernelPathError) {
    guard bpf_link_update(link, program.descriptor, nil) == 0 else {
      throw .system(call: "swap of the program on \(interface)", errno: errno)
    }
  }
}
