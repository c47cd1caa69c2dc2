import CBpf
import CDataPath
import DataPath
import FilterKit
import Glibc

/// What a process before this one left in the kernel: its sessions in their maps, and its program, which carries them on.
struct LeftState {
  let folder: PinFolder
  let header: PinHeader
  let headerMap: MapDescriptor
  let maps: SharedMaps
  /// The program on the interfaces that it was on and that are still there.
  let attachments: [Attachment]

  /// Nil where the folder does not hold all that it should, or what another build with another layout left.
  init?(in folder: PinFolder, layout: UInt64) {
    guard let headerMap = folder.open(PinHeader.name).map(MapDescriptor.init(owning:)),
      let header = PinHeader(headerMap), header.layout == layout
    else { return nil }
    var descriptors: [String: MapDescriptor] = [:]
    for name in Pins.maps {
      guard let number = folder.open(name) else { return nil }
      descriptors[name] = MapDescriptor(owning: number)
    }
    self.folder = folder
    self.header = header
    self.headerMap = headerMap
    maps = SharedMaps(descriptors: descriptors)
    attachments = folder.names.compactMap { Attachment(pinned: $0, in: folder) }
  }

  var sessionMaps: SessionMaps {
    SessionMaps(
      sessions: KernelMap(maps.descriptors["sessions"]!.number),
      replies: KernelMap(maps.descriptors["replies"]!.number))
  }

  /// How many sessions the maps have room for.
  var sessionCapacity: Int {
    var info = bpf_map_info()
    var size = UInt32(MemoryLayout<bpf_map_info>.size)
    return bpf_obj_get_info_by_fd(maps.descriptors["sessions"]!.number, &info, &size) == 0 ? Int(info.max_entries) : 0
  }

  /// A session as the maps say it.
  struct Session {
    let carried: CarriedSession
    let record: SessionRecord
    let lastSeen: UInt64
  }

  /// The sessions that are whole. What is not is taken out: the process was killed while it made or ended it.
  func takeSessions() -> [Session] {
    let maps = sessionMaps
    var answers: [Way: route_entry] = [:]
    maps.replies.forEach { key, entry in
      answers[
        Way(
          SocketAddress(KernelBytes.address(key.server), port: UInt16(bigEndian: key.server_port)),
          SocketAddress(KernelBytes.address(key.proxy), port: UInt16(bigEndian: key.proxy_port)))] = entry
    }
    var sessions: [Session] = []
    var broken: [session_key] = []
    maps.sessions.forEach { key, entry in
      let client = SocketAddress(KernelBytes.address(key.client), port: UInt16(bigEndian: key.client_port))
      let (proxy, server) = (entry.from, entry.to)
      let way = Way(server, proxy)
      // The maps do not say which link a link-local address is on.
      guard !client.ip.isLinkLocal, !server.ip.isLinkLocal, let answer = answers[way], answer.to == client else {
        return broken.append(key)
      }
      answers[way] = nil
      sessions.append(
        Session(
          carried: CarriedSession(client: client, server: server, endpoint: key.endpoint, proxy: proxy),
          record: SessionRecord(client: client, server: server, local: answer.from.ip, sourcePort: proxy.port),
          lastSeen: max(entry.last_seen, answer.last_seen)))
    }
    for key in broken { maps.sessions.remove(key) }
    for way in answers.keys { maps.replies.remove(KernelMaps.key(way.server, way.proxy)) }
    return sessions
  }

  /// The program on those interfaces that it may stay on. Off others of them it is taken: each has room for one alone.
  func attachments(_ mode: AttachMode, _ interfaces: [LocalInterface]) -> [Attachment] {
    attachments.filter { attachment in
      guard let interface = interfaces.first(where: { $0.index == attachment.index }) else { return false }
      if Attachment.modes(interface, mode).contains(attachment.mode) { return true }
      attachment.detach()
      return false
    }
  }

  /// Ends what was not taken over.
  func retire(successor: [Attachment]) {
    for attachment in attachments where !successor.contains(where: { $0 === attachment }) { attachment.detach() }
    KernelWork.awaitEnd()
  }

  /// Ends it.
  func remove() {
    retire(successor: [])
    folder.remove()
  }

  private struct Way: Hashable {
    let server: SocketAddress
    let proxy: SocketAddress

    init(_ server: SocketAddress, _ proxy: SocketAddress) {
      self.server = server
      self.proxy = proxy
    }
  }
}

extension route_entry {
  fileprivate var from: SocketAddress {
    SocketAddress(KernelBytes.address(source), port: UInt16(bigEndian: source_port))
  }
  fileprivate var to: SocketAddress {
    SocketAddress(KernelBytes.address(destination), port: UInt16(bigEndian: destination_port))
  }
}
