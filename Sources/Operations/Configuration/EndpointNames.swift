import FilterKit
import Logging
import ProxyConfiguration
import Synchronization

/// The endpoints' names with the last good answer to each. A name keeps its answer while it cannot be looked up, and its address for as
/// long as that is one of its answers, whatever their order.
final class EndpointNames: Sendable {
  /// Asks for the addresses of a name, with port 0. The answer may take long.
  typealias Find = @Sendable (String) -> Result<[SocketAddress], EndpointLookup.Failure>

  private struct Answer {
    var address: SocketAddress?
    /// Why the last look-up failed.
    var failure: EndpointLookup.Failure?
  }

  private let find: Find
  private let logger: Logger
  private let answers = Mutex<[String: Answer]>([:])
  private let good: Counter
  private let failed: Counter
  // A sheet has one writer at a time.
  private let sheet: Mutex<CounterSheet>

  init(_ metrics: Metrics, logger: Logger, find: @escaping Find = EndpointLookup.find) {
    self.find = find
    self.logger = logger
    let name = "proxy_endpoint_lookups_total"
    let help = "Look-ups of endpoints' names, by their result. A name that cannot be looked up keeps its address."
    good = metrics.counter(name, help: help, labels: [("result", "good")])
    failed = metrics.counter(name, help: help, labels: [("result", "failed")])
    sheet = Mutex(metrics.makeSheet())
  }

  /// The address of each endpoint, in their order. Names that have no address yet are looked up.
  func addresses(of endpoints: [Endpoint]) throws(EndpointLookupError) -> [SocketAddress] {
    let known = answers.withLock { $0 }
    let answers = known.merging(lookUp(names(of: endpoints).filter { known[$0]?.address == nil })) { $1 }
    var failures: [EndpointLookupError.Failure] = []
    let addresses = endpoints.compactMap { endpoint -> SocketAddress? in
      guard case .name(let name) = endpoint.address.host else { return endpoint.address.socketAddress }
      guard let found = answers[name]?.address else {
        let reason = answers[name]?.failure?.reason ?? "it was not looked up"
        failures.append(.init(endpoint: endpoint.address, reason: reason))
        return nil
      }
      return SocketAddress(found.ip, port: endpoint.address.port, scope: found.scope)
    }
    guard failures.isEmpty else { throw EndpointLookupError(failures: failures) }
    return addresses
  }

  /// Looks all names of these endpoints up again, and forgets all others.
  func refresh(_ endpoints: [Endpoint]) {
    let names = names(of: endpoints)
    answers.withLock { answers in answers = answers.filter { names.contains($0.key) } }
    lookUp(names)
  }

  private func names(of endpoints: [Endpoint]) -> Set<String> {
    Set(endpoints.compactMap { if case .name(let name) = $0.address.host { name } else { nil } })
  }

  /// Asks for names, and notes the answers.
  @discardableResult private func lookUp(_ names: Set<String>) -> [String: Answer] {
    var new: [String: Answer] = [:]
    for name in names.sorted() {
      let result = find(name)
      let (before, after) = answers.withLock { answers in
        let before = answers[name] ?? Answer()
        let after =
          switch result {
          case .success(let found):
            Answer(address: before.address.flatMap { found.contains($0) ? $0 : nil } ?? found.first)
          case .failure(let failure): Answer(address: before.address, failure: failure)
          }
        answers[name] = after
        return (before, after)
      }
      new[name] = after
      switch result {
      case .success(let found):
        sheet.withLock { $0.add(1, to: good) }
        if let old = before.address, let new = found.first, !found.contains(old) {
          logger.info("the endpoints of \(name) moved from \(old.ip) to \(new.ip)")
        } else if let address = before.address, before.failure != nil {
          logger.info("\(name) can be looked up again, and is still \(address.ip)")
        }
      case .failure(let failure):
        sheet.withLock { $0.add(1, to: failed) }
        // Once, until it is found again.
        if let address = before.address, before.failure == nil {
          logger.warning("\(name) cannot be looked up: \(failure.reason); its endpoints stay at \(address.ip)")
        }
      }
    }
    return new
  }
}
