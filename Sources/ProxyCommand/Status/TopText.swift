import DataPath
import FilterKit
import Operations

/// What `proxy top` prints at each reading.
struct TopText {
  let address: SocketAddress
  let reading: ProxyReading
  /// The reading before this one; nil for the first.
  let before: ProxyReading?

  /// How many drops, and how many hand-overs, have lines of their own.
  private static let lineLimit = 10

  var text: String {
    let rates = before.flatMap { ProxyRates(from: $0, to: reading) }
    var lines = StatusText.title(address, reading)
    if rates == nil { lines.append(missingRates) }
    lines += [sessions(rates)]
    if reading.offload != nil { lines.append("carried by the kernel: \(share(rates))") }
    lines += [""] + flows(rates)
    if let rates {
      lines += [""] + ranked("drops", rates.drops.map { ([$0.key.filter, $0.key.reason], $0.rate) })
      if reading.offload != nil {
        lines += [""] + ranked("hand-overs to the sockets", rates.handOvers.map { ([$0.key], $0.rate) })
      }
    }
    return lines.map(\.printable).joined(separator: "\n")
  }

  private var missingRates: String {
    guard let before else { return "(rates come with the next reading)" }
    let cause = before.start != reading.start ? "the proxy has restarted" : "the counters began anew"
    return "(\(cause): rates come with the next reading)"
  }

  private func sessions(_ rates: ProxyRates?) -> String {
    let active = reading.paths.map { path in
      let count = QuantityText.count(reading.sessions[path]?.active ?? 0)
      return path == .socket ? "\(count) by sockets" : "\(count) by the kernel"
    }
    guard let rates else { return "sessions: \(active.joined(separator: ", "))" }
    let made = QuantityText.rate(rates.sessionsMade)
    let refused = QuantityText.rate(rates.sessionsRefused)
    return "sessions: \(active.joined(separator: ", ")); \(made)/s made, \(refused)/s refused"
  }

  private func share(_ rates: ProxyRates?) -> String {
    rates?.kernelShare.map { "\(QuantityText.percent($0)) of what was received" } ?? "-"
  }

  private func flows(_ rates: ProxyRates?) -> [String] {
    let rows = Direction.allCases.flatMap { direction in
      reading.paths.map { path -> [String] in
        let lane = ProxyReading.Lane(direction: direction, path: path)
        guard let rates else { return [direction.aim, path.plural, "-", "-", "-", "-"] }
        let flow = rates.flows[lane] ?? ProxyRates.Flow()
        return [
          direction.aim, path.plural, QuantityText.rate(flow.packetsReceived), QuantityText.bits(flow.bitsReceived),
          QuantityText.rate(flow.packetsSent), QuantityText.bits(flow.bitsSent),
        ]
      }
    }
    return TextTable.lines([["datagrams", "", "received/s", "", "sent/s", ""]] + rows, names: 2)
  }

  private func ranked(_ title: String, _ entries: [(names: [String], rate: Double)]) -> [String] {
    let sum = entries.reduce(0) { $0 + $1.rate }
    let rows = entries.prefix(Self.lineLimit).map {
      ["  " + $0.names[0]] + $0.names.dropFirst() + [QuantityText.rate($0.rate)]
    }
    let rest = entries.count - Self.lineLimit
    return ["\(title): \(QuantityText.rate(sum))/s"]
      + TextTable.lines(rows, names: rows.first.map { $0.count - 1 } ?? 0) + (rest > 0 ? ["  and \(rest) more"] : [])
  }
}
