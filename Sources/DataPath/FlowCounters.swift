public import FilterKit

/// The packets and bytes of one direction on one path, as they came and as they left.
public struct FlowCounters: Sendable {
  public let packetsReceived: Counter
  public let bytesReceived: Counter
  public let packetsSent: Counter
  public let bytesSent: Counter

  public init(_ metrics: Metrics, _ direction: Direction, path: PathName) {
    let labels: Metrics.Labels = [("direction", "\(direction)"), ("path", path.rawValue)]
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

/// A data path, as it is called in metrics.
public enum PathName: String, CaseIterable, Sendable {
  case socket, kernel

  /// The sessions that the path carries now. Each is counted on one path.
  public func sessionsActive(_ metrics: Metrics) -> Counter {
    metrics.gauge("proxy_sessions_active", help: "Sessions now.", labels: [("path", rawValue)])
  }
}
