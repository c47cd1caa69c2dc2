import CBpf
import CDataPath
import FilterKit
import Glibc

/// What a new process has to know before it looks into maps that another one left. It is a map of one value, pinned beside them.
struct PinHeader: Equatable {
  static let name = "header"
  /// "pinion", and the version of this header.
  private static let magic: UInt64 = 0x7069_6e69_6f6e_0001

  /// The checksum of the maps' definitions.
  let layout: UInt64
  /// Where the proxy listens.
  let listening: [SocketAddress]
  /// The interfaces' places that sessions hold.
  var places: InterfacePlaces

  init(layout: UInt64, listening: [SocketAddress], places: InterfacePlaces) {
    self.layout = layout
    self.listening = listening
    self.places = places
  }

  // MARK: - As words

  /// magic, layout, epoch, the places' indices, how many addresses, and two addresses: two words and a port each.
  private static let count = 3 + Int(CHAIN_INTERFACES) + 1 + 6

  private var words: [UInt64] {
    var words = [Self.magic, layout, places.epoch] + places.indices.map { UInt64($0) }
    words.append(UInt64(listening.count))
    for address in listening.prefix(2) { words += [address.ip.high, address.ip.low, UInt64(address.port)] }
    return words + [UInt64](repeating: 0, count: Self.count - words.count)
  }

  private init(words: [UInt64]) {
    layout = words[1]
    let end = 3 + Int(CHAIN_INTERFACES)
    places = InterfacePlaces(indices: words[3..<end].map { UInt32(truncatingIfNeeded: $0) }, epoch: words[2])
    listening = (0..<Int(min(2, words[end]))).map { number in
      let first = end + 1 + 3 * number
      return SocketAddress(
        IPAddress(high: words[first], low: words[first + 1]), port: UInt16(truncatingIfNeeded: words[first + 2]))
    }
  }

  // MARK: - As a map

  /// Nil where the map holds no header, or one of another version.
  init?(_ map: MapDescriptor) {
    var info = bpf_map_info()
    var size = UInt32(MemoryLayout<bpf_map_info>.size)
    guard bpf_obj_get_info_by_fd(map.number, &info, &size) == 0, Int(info.value_size) == 8 * Self.count else {
      return nil
    }
    var words = [UInt64](repeating: 0, count: Self.count)
    var key: UInt32 = 0
    guard bpf_map_lookup_elem(map.number, &key, &words) == 0, words[0] == Self.magic else { return nil }
    self.init(words: words)
  }

  static func makeMap() throws(KernelPathError) -> MapDescriptor {
    let number = bpf_map_create(BPF_MAP_TYPE_ARRAY, "pinion_header", 4, UInt32(8 * count), 1, nil)
    guard number >= 0 else { throw .system(call: "making of a BPF map", errno: errno) }
    return MapDescriptor(owning: number)
  }

  func write(to map: MapDescriptor) throws(KernelPathError) {
    var key: UInt32 = 0
    guard bpf_map_update_elem(map.number, &key, words, 0) == 0 else {
      throw .system(call: "update of a BPF map", errno: errno)
    }
  }
}
