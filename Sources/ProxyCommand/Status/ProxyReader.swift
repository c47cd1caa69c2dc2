import AdminRequests
import FilterKit
import Glibc
import Operations

/// Reads what a running proxy says of itself.
struct ProxyReader: Sendable {
  private let address: SocketAddress
  private let client: AdminClient

  init(_ address: SocketAddress) {
    self.address = address
    client = AdminClient(address)
  }

  func read() async throws(AdminClientError) -> ProxyReading {
    let ready = try await client.get("/ready")
    guard let readiness = Readiness(status: ready.status, body: ready.body) else {
      throw notAProxy("/ready is not as a proxy's")
    }
    let metrics = try await client.get("/metrics")
    guard metrics.status == 200 else { throw notAProxy("/metrics has the status \(metrics.status)") }
    let samples: PrometheusSamples
    do throws(PrometheusSamples.Failure) {
      samples = try PrometheusSamples(metrics.body)
    } catch {
      throw notAProxy("/metrics is not as a proxy's, \(error)")
    }
    guard let reading = ProxyReading(samples, readiness, at: .now, time: Int(Glibc.time(nil))) else {
      throw notAProxy("/metrics is not as a proxy's")
    }
    return reading
  }

  private func notAProxy(_ reason: String) -> AdminClientError {
    AdminClientError(address: address, reason: "something else does (\(reason))")
  }
}
