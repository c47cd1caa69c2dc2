import FilterKit
import Glibc
import Synchronization

/// What the process itself counts: its build, its start, its reloads.
final class ProcessMetrics: Sendable {
  private let good: Counter
  private let refused: Counter
  private let duration: Counter
  // A sheet has one writer at a time.
  private let sheet: Mutex<CounterSheet>

  init(_ metrics: Metrics, version: String) {
    let reloads = "proxy_reloads_total"
    let help = "Configurations loaded while running, by what became of them."
    good = metrics.counter(reloads, help: help, labels: [("result", "good")])
    refused = metrics.counter(reloads, help: help, labels: [("result", "refused")])
    duration = metrics.gauge(
      "proxy_reload_duration_seconds",
      help:
        "How long the last configuration that was applied took, from its file's being read until both paths had it.",
      scale: 1e-9)
    let build = metrics.gauge("proxy_build_info", help: "1, with the build as labels.", labels: [("version", version)])
    let start = metrics.gauge("proxy_start_time_seconds", help: "When the process started, in Unix time.")
    let sheet = metrics.makeSheet()
    sheet.set(build, to: 1)
    sheet.set(start, to: UInt64(time(nil)))
    self.sheet = Mutex(sheet)
  }

  /// Says where clients send to, and how many threads forward what they send.
  func setSockets(_ metrics: Metrics, listening: [SocketAddress], workers: Int) {
    let addresses = listening.map { address in
      metrics.gauge(
        "proxy_listening_info", help: "1, with an address that clients send to as label.",
        labels: [("address", "\(address)")])
    }
    let count = metrics.gauge("proxy_workers", help: "Threads that forward packets.")
    sheet.withLock { sheet in
      for address in addresses { sheet.set(address, to: 1) }
      sheet.set(count, to: UInt64(workers))
    }
  }

  func countReload(taking time: Duration) {
    sheet.withLock { sheet in
      sheet.add(1, to: good)
      sheet.set(duration, to: UInt64(max(0, time / .nanoseconds(1))))
    }
  }

  func countRefusedReload() { sheet.withLock { $0.add(1, to: refused) } }
}
