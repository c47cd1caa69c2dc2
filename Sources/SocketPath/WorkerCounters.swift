import DataPath
import FilterKit

/// The counters of the socket path that do not belong to a filter.
struct WorkerCounters: Sendable {
  let read: FlowCounters
  let write: FlowCounters
  let sessionsActive: Counter
  let sessionsMade: Counter
  let sessionsRefused: Counter
  /// Drops that no filter decided.
  let drops: DropRow

  init(_ metrics: Metrics) {
    read = FlowCounters(metrics, .read, path: .socket)
    write = FlowCounters(metrics, .write, path: .socket)
    let path: Metrics.Labels = [("path", "socket")]
    sessionsActive = PathName.socket.sessionsActive(metrics)
    sessionsMade = metrics.counter("proxy_sessions_total", help: "Sessions made.", labels: path)
    sessionsRefused = metrics.counter(
      "proxy_sessions_refused_total", help: "Sessions that were not made; the drops tell why.", labels: path)
    drops = metrics.dropRow(filter: "proxy")
  }
}
