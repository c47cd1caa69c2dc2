import Operations

@testable import ProxyCommand

extension ProxyReading {
  static let moment = ContinuousClock.now

  /// What a proxy said some time after the first reading, in the text of its pages.
  /// - Parameters:
  ///   - metrics: What comes behind the build and the start of the process.
  ///   - start: When the process started, in seconds of Unix time. The first reading is 100 seconds after 1000.
  init(
    _ metrics: String, after time: Duration = .zero, ready: String = "ready\n", status: Int = 200, start: Int = 1000
  ) throws {
    let text = """
      proxy_build_info{version="1.2.3"} 1
      proxy_start_time_seconds \(start)
      \(metrics)
      """
    self = try ProxyReading(
      PrometheusSamples(text.utf8), Readiness(status: status, body: ready.utf8)!, at: Self.moment + time,
      time: 1100 + Int(time.components.seconds))!
  }
}
