import DataPath
import FilterKit

/// What the kernel path says of itself in metrics: whether it carries sessions, how many, and why it does not.
struct OffloadState {
  private let sheet: CounterSheet
  private let active: Counter
  private let obstacles: [(KernelPathError.Obstacle, Counter)]
  private let bySockets: Counter
  private let byKernel: Counter

  init(_ metrics: Metrics) {
    active = metrics.gauge(
      "proxy_offload_active",
      help: "1 while the kernel's program carries sessions on, 0 while the sockets serve alone.")
    obstacles = KernelPathError.Obstacle.allCases.map { obstacle in
      (
        obstacle,
        metrics.gauge(
          "proxy_offload_obstacle", help: "1 for what keeps sessions out of the kernel now.",
          labels: [("reason", obstacle.rawValue)])
      )
    }
    bySockets = PathName.socket.sessionsActive(metrics)
    byKernel = PathName.kernel.sessionsActive(metrics)
    sheet = metrics.makeSheet()
  }

  func set(isActive: Bool, obstacle: KernelPathError.Obstacle?) {
    sheet.set(active, to: isActive ? 1 : 0)
    for (each, gauge) in obstacles { sheet.set(gauge, to: each == obstacle ? 1 : 0) }
  }

  /// The workers count all sessions that they made as their own: these are not any more.
  func setSessions(_ count: Int) {
    sheet.set(byKernel, to: UInt64(count))
    sheet.set(bySockets, to: 0 &- UInt64(count))
  }
}
