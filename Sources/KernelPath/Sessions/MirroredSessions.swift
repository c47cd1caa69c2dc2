import DataPath
import FilterKit

/// The sessions of the socket path, and which of them the kernel carries on.
struct MirroredSessions {
  /// A session by its ends. The address that its client sends to may become another one.
  struct Key: Hashable {
    let client: SocketAddress
    let server: SocketAddress
    let sourcePort: UInt16

    init(_ record: SessionRecord) {
      client = record.client
      server = record.server
      sourcePort = record.sourcePort
    }
  }

  private struct Entry {
    let record: SessionRecord
    /// What is in the maps; nil while the sockets serve it alone.
    var carried: CarriedSession?
    /// When the kernel gave it back to the sockets.
    var givenBack: UInt64?
  }

  private var entries: [Key: Entry] = [:]
  /// Those that only the sockets serve.
  private var waiting: Set<Key> = []

  var carriedCount: Int { entries.count - waiting.count }

  /// The sessions that the kernel might carry and does not.
  var left: [SessionRecord] { waiting.map { entries[$0]!.record } }

  /// Those that the kernel carries.
  var inKernel: [(record: SessionRecord, carried: CarriedSession)] {
    entries.values.compactMap { entry in entry.carried.map { (entry.record, $0) } }
  }

  /// Lets only the sockets serve a session that the kernel carried until now.
  mutating func giveBack(_ record: SessionRecord, now: UInt64) {
    entries[Key(record)] = Entry(record: record, givenBack: now)
    waiting.insert(Key(record))
  }

  mutating func add(_ record: SessionRecord) {
    entries[Key(record)] = Entry(record: record)
    waiting.insert(Key(record))
  }

  mutating func carry(_ record: SessionRecord, as carried: CarriedSession) {
    entries[Key(record)]?.carried = carried
    waiting.remove(Key(record))
  }

  /// Takes a session out, and returns what of it is in the maps.
  mutating func remove(_ record: SessionRecord) -> CarriedSession? {
    waiting.remove(Key(record))
    return entries.removeValue(forKey: Key(record))?.carried
  }

  func carried(_ record: SessionRecord) -> CarriedSession? { entries[Key(record)]?.carried }

  /// When the kernel stopped to carry the session, in nanoseconds of `CLOCK_MONOTONIC`: until then it may have seen packets.
  func givenBack(_ record: SessionRecord) -> UInt64? { entries[Key(record)]?.givenBack }

  /// Gives all sessions back to the sockets; `body` is called with each that the kernel had.
  mutating func giveBack(now: UInt64, _ body: (CarriedSession) -> Void) {
    for (key, entry) in entries {
      guard let carried = entry.carried else { continue }
      body(carried)
      entries[key] = Entry(record: entry.record, givenBack: now)
      waiting.insert(key)
    }
  }
}
