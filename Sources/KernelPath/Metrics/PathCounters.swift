import CDataPath
import DataPath
import FilterKit

/// The counters of the kernel path that do not belong to a filter.
struct PathCounters: Sendable {
  private let read: FlowCounters
  private let write: FlowCounters
  private let handOvers: [(cause: hand_over, counter: Counter)]
  /// Drops that no filter decided.
  private let drops: DropRow

  init(_ metrics: Metrics) {
    read = FlowCounters(metrics, .read, path: .kernel)
    write = FlowCounters(metrics, .write, path: .kernel)
    drops = metrics.dropRow(filter: "proxy")
    handOvers = (1..<HAND_OVER_COUNT.rawValue).map { hand_over(rawValue: $0) }
      .filter { $0 != HAND_OVER_ABORTED }
      .map { cause in
        let name = hand_over_name(cause.rawValue).map { String(cString: $0) } ?? "unknown"
        return (
          cause,
          metrics.counter(
            "proxy_hand_overs_total", help: "Packets that the kernel's program left to the sockets, by cause.",
            labels: [("cause", name)])
        )
      }
  }

  /// Writes what a program counted to a sheet that nothing else writes to.
  func write(_ counted: KernelCounters, to sheet: CounterSheet) {
    for (direction, counters) in [(Direction.read, read), (.write, write)] {
      let flow = counted.traffic(direction)
      sheet.set(counters.packetsReceived, to: flow.packets_received)
      sheet.set(counters.bytesReceived, to: flow.bytes_received)
      sheet.set(counters.packetsSent, to: flow.packets_sent)
      sheet.set(counters.bytesSent, to: flow.bytes_sent)
    }
    for (cause, counter) in handOvers { sheet.set(counter, to: counted.handOvers(cause)) }
    // Too late to hand it over: it was written already.
    sheet.set(drops[.sendFailed], to: counted.handOvers(HAND_OVER_ABORTED))
  }
}
