import FilterKit

/// The counters of the socket path that do not belong to a filter.
struct WorkerCounters: Sendable {
  /// Packets and bytes of one direction, as they came and as they left.
  struct Flow: Sendable {
    let packetsReceived: Counter
    let bytesReceived: Counter
    let packetsSent: Counter
    let bytesSent: Counter

    init(_ metrics: Metrics, direction: String) {
      let labels: Metrics.Labels = [("direction", direction), ("path", "socket")]
      packetsReceived = metrics.counter(
        "proxy_packets_received_total", help: "Datagrams received: read from clients, write from servers.",
        labels: labels)
      bytesReceived = metrics.counter(
        "proxy_bytes_received_total", help: "Bytes of UDP payload received.", labels: labels)
      packetsSent = metrics.counter(
        "proxy_packets_sent_total", help: "Datagrams sent on: read to servers, write to clients.", labels: labels)
      bytesSent = metrics.counter("proxy_bytes_sent_total", help: "Bytes of UDP payload sent on.", labels: labels)
    }
  }

  let read: Flow
  let write: Flow
  let sessionsActive: Counter
  let sessionsMade: Counter
  let sessionsRefused: Counter
  /// Drops that no filter decided.
  let drops: DropRow

  init(_ metrics: Metrics) {
    read = Flow(metrics, direction: "read")
    write = Flow(metrics, direction: "write")
    let path: Metrics.Labels = [("path", "socket")]
    sessionsActive = metrics.gauge("proxy_sessions_active", help: "Sessions now.", labels: path)
    sessionsMade = metrics.counter("proxy_sessions_total", help: "Sessions made.", labels: path)
    sessionsRefused = metrics.counter(
      "proxy_sessions_refused_total", help: "Sessions that were not made; the drops tell why.", labels: path)
    drops = metrics.dropRow(filter: "proxy")
  }
}
