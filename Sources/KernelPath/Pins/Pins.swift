import FilterKit

/// What this process has pinned: it stays when the process ends, however that comes.
struct Pins {
  let folder: PinFolder
  /// Whether all goes when this process's mount namespace does.
  let isPrivate: Bool
  private var header: PinHeader
  private let headerMap: MapDescriptor

  /// The maps that stay: those of the sessions, and what sessions hold places of.
  static let maps = ["sessions", "replies", "interfaces", "neighbours"]

  /// Pins the maps of a program that is to be attached, with their header last: without it they mean nothing.
  init(_ maps: SharedMaps, _ header: PinHeader, in folder: PinFolder) throws(KernelPathError) {
    self.folder = folder
    self.header = header
    headerMap = try PinHeader.makeMap()
    try header.write(to: headerMap)
    isPrivate = try folder.make()
    do throws(KernelPathError) {
      for name in Self.maps { try folder.pin(maps.descriptors[name]!.number, as: name) }
      try folder.pin(headerMap.number, as: PinHeader.name)
    } catch {
      folder.remove()
      throw error
    }
  }

  /// Takes over what a process before this one has pinned.
  init(_ left: LeftState) {
    folder = left.folder
    isPrivate = false
    header = left.header
    headerMap = left.headerMap
  }

  /// Notes where interfaces are to stand. Before a program that has them there runs: if this process is killed in between, the next
  /// one looks all next hops up again.
  mutating func note(_ places: InterfacePlaces) throws(KernelPathError) {
    guard header.places != places else { return }
    header.places = places
    try header.write(to: headerMap)
  }

  /// Lets the program stay on these interfaces, and on no other.
  func keep(_ attachments: [Attachment]) throws(KernelPathError) {
    let names = Set(attachments.map(\.pinName))
    for name in folder.names where Attachment.isPinName(name) && !names.contains(name) { folder.unpin(name) }
    for attachment in attachments where !attachment.stays { try attachment.pin(in: folder) }
  }

  /// Lets nothing stay.
  func remove() { folder.remove() }
}
