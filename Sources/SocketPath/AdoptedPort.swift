import DataPath
import FilterKit

/// A source port of a process before this one, with the sessions that use it.
struct AdoptedPort {
  let number: UInt16
  /// Of the servers.
  let isV4: Bool
  private(set) var sessions: [LeftSession] = []

  /// The ports of sessions; those with the fewest sessions first, since the ports that most servers know are the first to be handed
  /// out again when they are taken from the end.
  static func group(_ sessions: [LeftSession]) -> [AdoptedPort] {
    struct Key: Hashable {
      let number: UInt16
      let isV4: Bool
    }
    var ports: [Key: AdoptedPort] = [:]
    for session in sessions {
      let key = Key(number: session.record.sourcePort, isV4: session.record.server.ip.isV4)
      ports[key, default: AdoptedPort(number: key.number, isV4: key.isV4)].sessions.append(session)
    }
    return ports.values.sorted { $0.sessions.count < $1.sessions.count }
  }

  private init(number: UInt16, isV4: Bool) {
    self.number = number
    self.isV4 = isV4
  }
}
