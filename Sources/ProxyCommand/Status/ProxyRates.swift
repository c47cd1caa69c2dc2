import DataPath
import FilterKit

/// What happened a second between two readings.
struct ProxyRates {
  struct Flow: Equatable {
    var packetsReceived = 0.0
    var bitsReceived = 0.0
    var packetsSent = 0.0
    var bitsSent = 0.0
  }

  let flows: [ProxyReading.Lane: Flow]
  /// Those that happened, the largest first.
  let drops: [(key: ProxyReading.Drop, rate: Double)]
  /// Those that happened, the largest first.
  let handOvers: [(key: String, rate: Double)]
  let sessionsMade: Double
  let sessionsRefused: Double
  /// How much of what was received went by the kernel, from 0 to 1; nil where nothing was received.
  let kernelShare: Double?

  /// Nil where they cannot be told: another process answered, whose counters began anew.
  init?(from before: ProxyReading, to after: ProxyReading) {
    let time = (after.moment - before.moment) / .seconds(1)
    guard time > 0, after.start == before.start, Self.hasGrown(before, after) else { return nil }
    func rate(_ before: Int?, _ after: Int) -> Double { Double(after - (before ?? 0)) / time }

    flows = after.flows.reduce(into: [:]) { flows, entry in
      let (lane, flow) = entry
      let earlier = before.flows[lane]
      flows[lane] = Flow(
        packetsReceived: rate(earlier?.packetsReceived, flow.packetsReceived),
        bitsReceived: 8 * rate(earlier?.bytesReceived, flow.bytesReceived),
        packetsSent: rate(earlier?.packetsSent, flow.packetsSent),
        bitsSent: 8 * rate(earlier?.bytesSent, flow.bytesSent))
    }
    drops = after.drops.map { ($0.key, rate(before.drops[$0.key], $0.value)) }.filter { $0.1 > 0 }
      .sorted { ($1.1, $0.0.filter, $0.0.reason) < ($0.1, $1.0.filter, $1.0.reason) }
    handOvers = after.handOvers.map { ($0.key, rate(before.handOvers[$0.key], $0.value)) }.filter { $0.1 > 0 }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    sessionsMade = after.sessions.reduce(0) { $0 + rate(before.sessions[$1.key]?.made, $1.value.made) }
    sessionsRefused = after.sessions.reduce(0) { $0 + rate(before.sessions[$1.key]?.refused, $1.value.refused) }
    let received = flows.values.reduce(0) { $0 + $1.packetsReceived }
    let inKernel = flows.reduce(0) { $0 + ($1.key.path == .kernel ? $1.value.packetsReceived : 0) }
    kernelShare = received > 0 ? inKernel / received : nil
  }

  /// Whether no counter is smaller than before: two processes may have started in one second.
  private static func hasGrown(_ before: ProxyReading, _ after: ProxyReading) -> Bool {
    before.flows.allSatisfy { lane, flow in
      guard let later = after.flows[lane] else { return flow == ProxyReading.Flow() }
      return later.packetsReceived >= flow.packetsReceived && later.bytesReceived >= flow.bytesReceived
        && later.packetsSent >= flow.packetsSent && later.bytesSent >= flow.bytesSent
    }
      && before.sessions.allSatisfy { path, sessions in
        let later = after.sessions[path] ?? ProxyReading.Sessions()
        return later.made >= sessions.made && later.refused >= sessions.refused
      }
      && before.drops.allSatisfy { after.drops[$0.key] ?? 0 >= $0.value }
      && before.handOvers.allSatisfy { after.handOvers[$0.key] ?? 0 >= $0.value }
  }
}
