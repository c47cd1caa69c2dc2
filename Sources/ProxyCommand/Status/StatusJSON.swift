import DataPath
import FilterKit
import ProxyConfiguration

/// What `proxy status --json` prints.
struct StatusJSON {
  let address: SocketAddress
  let reading: ProxyReading

  var json: JSONValue {
    [
      "admin": .string("\(address)"), "version": .string(reading.version), "startTime": .number(reading.start),
      "uptimeSeconds": .number(reading.uptime), "isReady": .bool(reading.readiness.isReady),
      "reason": .string(reading.readiness.reason), "path": path,
      "listening": .array(reading.listening.map { .string($0) }), "workers": .number(reading.workers),
      "reloads": reloads, "sessions": .array(sessions), "datagrams": .array(flows), "drops": .array(drops),
      "handOvers": .array(handOvers),
    ]
  }

  private var path: JSONValue {
    [
      "kernel": .bool(reading.offload?.isActive == true), "obstacle": .string(reading.offload?.obstacle),
      "description": .string(reading.readiness.path),
    ]
  }

  private var reloads: JSONValue {
    let reloads = reading.reloads
    let microseconds = reloads.good == 0 ? nil : Int(exactly: (reloads.lastDuration * 1e6).rounded())
    return [
      "good": .number(reloads.good), "refused": .number(reloads.refused),
      "lastMicroseconds": microseconds.map { .number($0) } ?? .null,
    ]
  }

  private var sessions: [JSONValue] {
    reading.paths.map { path in
      let sessions = reading.sessions[path] ?? ProxyReading.Sessions()
      return [
        "path": .string(path.rawValue), "active": .number(sessions.active), "made": .number(sessions.made),
        "refused": .number(sessions.refused),
      ]
    }
  }

  private var flows: [JSONValue] {
    Direction.allCases.flatMap { direction in
      reading.paths.map { path in
        let flow = reading.flows[ProxyReading.Lane(direction: direction, path: path)] ?? ProxyReading.Flow()
        return [
          "direction": .string("\(direction)"), "path": .string(path.rawValue),
          "received": .number(flow.packetsReceived), "receivedBytes": .number(flow.bytesReceived),
          "sent": .number(flow.packetsSent), "sentBytes": .number(flow.bytesSent),
        ]
      }
    }
  }

  private var drops: [JSONValue] {
    reading.rankedDrops.map {
      ["filter": .string($0.key.filter), "reason": .string($0.key.reason), "count": .number($0.count)]
    }
  }

  private var handOvers: [JSONValue] {
    reading.rankedHandOvers.map { ["cause": .string($0.key), "count": .number($0.count)] }
  }
}

extension JSONValue {
  fileprivate static func string(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}
