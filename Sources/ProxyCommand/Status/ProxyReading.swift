import DataPath
import FilterKit
import Operations

/// What the admin pages of a proxy said at one time.
struct ProxyReading: Sendable {
  /// A way through the proxy.
  struct Lane: Hashable, Sendable {
    let direction: Direction
    let path: PathName
  }

  /// The datagrams of a lane, with the bytes of their payload.
  struct Flow: Equatable, Sendable {
    var packetsReceived = 0
    var bytesReceived = 0
    var packetsSent = 0
    var bytesSent = 0
  }

  struct Sessions: Equatable, Sendable {
    var active = 0
    var made = 0
    var refused = 0
  }

  struct Drop: Hashable, Sendable {
    let filter: String
    let reason: String
  }

  struct Reloads: Equatable, Sendable {
    var good = 0
    var refused = 0
    /// How long the last good one took, in seconds.
    var lastDuration = 0.0
  }

  /// What became of the kernel path.
  struct Offload: Equatable, Sendable {
    let isActive: Bool
    /// One word, such as `chain`, for what keeps sessions out of the kernel.
    let obstacle: String?
  }

  /// When it was read.
  let moment: ContinuousClock.Instant
  /// The same in Unix time, in seconds.
  let time: Int
  let readiness: Readiness
  let version: String
  /// When the process started, in Unix time, in seconds.
  let start: Int
  let listening: [String]
  let workers: Int
  /// Nil where the proxy has no kernel path.
  let offload: Offload?
  let reloads: Reloads
  let sessions: [PathName: Sessions]
  let flows: [Lane: Flow]
  let drops: [Drop: Int]
  let handOvers: [String: Int]

  /// Nil where the samples are not those of a proxy.
  init?(_ samples: PrometheusSamples, _ readiness: Readiness, at moment: ContinuousClock.Instant, time: Int) {
    guard let version = samples["proxy_build_info"].first?.labels["version"],
      let start = samples["proxy_start_time_seconds"].first?.count
    else { return nil }
    self.moment = moment
    self.time = time
    self.readiness = readiness
    self.version = version
    self.start = start
    listening = samples["proxy_listening_info"].compactMap { $0.labels["address"] }
    workers = samples["proxy_workers"].first?.count ?? 0
    offload = samples["proxy_offload_active"].first.map { active in
      let obstacle = samples["proxy_offload_obstacle"].first { $0.count == 1 }?.labels["reason"]
      return Offload(isActive: active.count == 1, obstacle: obstacle)
    }
    reloads = Self.reloads(samples)
    sessions = Self.sessions(samples)
    flows = Self.flows(samples)
    drops = Self.counts(of: Metrics.drops, samples) { labels in
      guard let filter = labels["filter"], let reason = labels["reason"] else { return nil }
      return Drop(filter: filter, reason: reason)
    }
    handOvers = Self.counts(of: "proxy_hand_overs_total", samples) { $0["cause"] }
  }

  /// How long the process had been running, in seconds. The clocks of two machines may disagree.
  var uptime: Int { max(0, time - start) }

  /// The paths that the proxy has.
  var paths: [PathName] { offload == nil ? [.socket] : [.socket, .kernel] }

  private static func reloads(_ samples: PrometheusSamples) -> Reloads {
    let counts = counts(of: "proxy_reloads_total", samples) { $0["result"] }
    return Reloads(
      good: counts["good"] ?? 0, refused: counts["refused"] ?? 0,
      lastDuration: samples["proxy_reload_duration_seconds"].first?.value ?? 0)
  }

  private static func sessions(_ samples: PrometheusSamples) -> [PathName: Sessions] {
    var sessions: [PathName: Sessions] = [:]
    func read(_ name: String, _ field: WritableKeyPath<Sessions, Int>) {
      for (path, count) in counts(of: name, samples, by: { $0["path"].flatMap(PathName.init) }) {
        sessions[path, default: Sessions()][keyPath: field] = count
      }
    }
    read("proxy_sessions_active", \.active)
    read("proxy_sessions_total", \.made)
    read("proxy_sessions_refused_total", \.refused)
    return sessions
  }

  private static func flows(_ samples: PrometheusSamples) -> [Lane: Flow] {
    var flows: [Lane: Flow] = [:]
    func read(_ name: String, _ field: WritableKeyPath<Flow, Int>) {
      for (lane, count) in counts(of: name, samples, by: Lane.init) {
        flows[lane, default: Flow()][keyPath: field] = count
      }
    }
    read("proxy_packets_received_total", \.packetsReceived)
    read("proxy_bytes_received_total", \.bytesReceived)
    read("proxy_packets_sent_total", \.packetsSent)
    read("proxy_bytes_sent_total", \.bytesSent)
    return flows
  }

  /// The counts of a family that are not zero.
  private static func counts<Key: Hashable>(
    of name: String, _ samples: PrometheusSamples, by key: ([String: String]) -> Key?
  ) -> [Key: Int] {
    var counts: [Key: Int] = [:]
    for sample in samples[name] where sample.count > 0 {
      if let key = key(sample.labels) { counts[key] = sample.count }
    }
    return counts
  }
}

extension ProxyReading.Lane {
  fileprivate init?(_ labels: [String: String]) {
    guard let direction = Direction.allCases.first(where: { "\($0)" == labels["direction"] }),
      let path = labels["path"].flatMap(PathName.init)
    else { return nil }
    self.init(direction: direction, path: path)
  }
}
