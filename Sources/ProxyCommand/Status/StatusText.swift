import DataPath
import FilterKit
import Operations

/// What `proxy status` prints for people.
struct StatusText {
  let address: SocketAddress
  let reading: ProxyReading

  var text: String {
    (head + [""] + sessions + [""] + flows + drops + handOvers).map(\.printable).joined(separator: "\n")
  }

  /// What `proxy top` begins with too.
  static func title(_ address: SocketAddress, _ reading: ProxyReading) -> [String] {
    let readiness = reading.readiness
    let state = readiness.isReady ? "ready" : "not ready: \(readiness.reason ?? "")"
    let uptime = QuantityText.duration(seconds: reading.uptime)
    return ["proxy \(reading.version) on \(address), up \(uptime): \(state)", "path: \(path(reading))"]
  }

  /// A proxy that is not ready does not say its path in words.
  private static func path(_ reading: ProxyReading) -> String {
    if let path = reading.readiness.path { return path }
    guard let offload = reading.offload else { return "sockets, because 'proxy run' uses no other" }
    let obstacle = offload.obstacle.map { " (obstacle: \($0))" } ?? ""
    return (offload.isActive ? "kernel" : "sockets") + obstacle
  }

  private var head: [String] {
    var lines = Self.title(address, reading)
    if !reading.listening.isEmpty {
      lines.append(
        "listening on \(reading.listening.joined(separator: " and ")) with \(count(reading.workers, "worker"))")
    }
    return lines + ["configuration: \(reloads)"]
  }

  private var reloads: String {
    let reloads = reading.reloads
    let refused = reloads.refused > 0 ? "; \(count(reloads.refused, "change")) refused" : ""
    guard reloads.good > 0 else { return "that of the start\(refused)" }
    let last = QuantityText.time(seconds: reloads.lastDuration)
    return "\(count(reloads.good, "change")) applied since the start, the last within \(last)\(refused)"
  }

  private var sessions: [String] {
    let rows = reading.paths.map { path in
      let sessions = reading.sessions[path] ?? ProxyReading.Sessions()
      // The sockets make them all, and hand them to the kernel.
      let others = path == .socket ? [sessions.made, sessions.refused].map(QuantityText.count) : []
      return [path.plural, QuantityText.count(sessions.active)] + others
    }
    return TextTable.lines([["sessions", "active", "made", "refused"]] + rows, names: 1)
  }

  private var flows: [String] {
    let rows = Direction.allCases.flatMap { direction in
      reading.paths.map { path in
        let flow = reading.flows[ProxyReading.Lane(direction: direction, path: path)] ?? ProxyReading.Flow()
        return [direction.aim, path.plural]
          + [flow.packetsReceived, flow.bytesReceived, flow.packetsSent, flow.bytesSent].map(QuantityText.count)
      }
    }
    return TextTable.lines([["datagrams", "", "received", "bytes", "sent", "bytes"]] + rows, names: 2)
  }

  private var drops: [String] {
    let drops = reading.rankedDrops
    guard !drops.isEmpty else { return ["", "drops: none"] }
    let rows = drops.map { [$0.key.filter, $0.key.reason, QuantityText.count($0.count)] }
    return [""] + TextTable.lines([["drops by", "reason", "datagrams"]] + rows, names: 2)
  }

  private var handOvers: [String] {
    guard reading.offload != nil else { return [] }
    let handOvers = reading.rankedHandOvers
    guard !handOvers.isEmpty else { return ["", "hand-overs to the sockets: none"] }
    let rows = handOvers.map { [$0.key, QuantityText.count($0.count)] }
    return [""] + TextTable.lines([["hand-overs to the sockets by cause", "packets"]] + rows, names: 1)
  }
}

extension ProxyReading {
  /// The largest first.
  var rankedDrops: [(key: Drop, count: Int)] {
    drops.map { ($0.key, $0.value) }
      .sorted { ($1.1, $0.0.filter, $0.0.reason) < ($0.1, $1.0.filter, $1.0.reason) }
  }

  /// The largest first.
  var rankedHandOvers: [(key: String, count: Int)] {
    handOvers.map { ($0.key, $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }
}

extension Direction {
  /// Where its datagrams go.
  var aim: String { self == .read ? "to servers" : "to clients" }
}

extension PathName {
  var plural: String { self == .socket ? "sockets" : "kernel" }
}
