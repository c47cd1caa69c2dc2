import CDataPath
import Conformance
import FilterKit
import Filters
import KernelPath

/// Runs cases through the program in the kernel, frame by frame (BPF_PROG_TEST_RUN). What the program hands to the sockets is
/// answered by the filters alone, as the socket path would, after it was proven that the frame came back untouched.
struct KernelEngine: ConformanceEngine {
  static let listeners = [IPAddress(v4: 0xc000_02fa), IPAddress(high: 0x2001_0db8_0000_0000, low: 0xfa)]
  static let proxies = [IPAddress(v4: 0xc000_02fb), IPAddress(high: 0x2001_0db8_0000_0000, low: 0xfb)]
  static let port: UInt16 = 7777

  /// Whether the kernel gets what is left of the program for the chain, as the proxy loads it, or all of it.
  var specialising = true

  /// How a case's chain would run; nil where the configuration is refused.
  static func plan(_ test: ConformanceCase, _ metrics: Metrics) -> ChainPlan? {
    let diagnostics = Diagnostics()
    let chain = Chain.read(test.filters, registry: .builtin, metrics: metrics, diagnostics: diagnostics, log: { _ in })
    return diagnostics.hasErrors ? nil : ChainPlan(chain)
  }

  func run(_ test: ConformanceCase) throws -> CaseResult {
    let metrics = Metrics()
    guard let plan = Self.plan(test, metrics) else { throw Frame.Problem("the configuration is refused") }
    // The interface of a trial run is lo.
    var out = interface()
    out.index = 1
    out.mac = (2, 0, 0, 0, 0, 9)
    let program = try KernelProgram(
      image(plan, addresses: Self.listeners, port: Self.port, interfaces: [out], hopLifetime: .max),
      specialising: specialising)
    if let refusal = program.specialisationRefusal { throw Frame.Problem("not specialised: \(refusal)") }
    try fill(program, test)
    let reference = try FilterEngine(registry: .builtin, batching: .single).run(test)
    var outcomes: [CaseResult.Outcome] = []
    let sheet = metrics.makeSheet()
    var handedOver: UInt64 = 0
    for step in test.steps.flatMap({ Array(repeating: $0, count: $0.times) }) {
      let frame = Self.frame(step).bytes
      let result = try program.run(frame)
      switch result.action {
      case 1: outcomes.append(CaseResult.Outcome(deliveries: []))
      case 3: outcomes.append(CaseResult.Outcome(deliveries: [try Self.delivery(result.frame, step, test)]))
      case 2:
        guard result.frame == frame else { throw Frame.Problem("a frame that was handed over is changed") }
        handedOver += 1
        guard program.counters.handOvers(HAND_OVER_DESTINATIONS) == handedOver else {
          throw Frame.Problem("line \(step.line): handed over, though it goes to one endpoint")
        }
        outcomes.append(reference.outcomes[outcomes.count])
      default: throw Frame.Problem("the program returned \(result.action)")
      }
    }
    program.counters.write(to: sheet, of: plan)
    return CaseResult(outcomes: outcomes, metrics: metrics)
  }

  /// A session for every client of the case with every endpoint.
  private func fill(_ program: KernelProgram, _ test: ConformanceCase) throws {
    try program.setEndpoints(test.endpoints.indices.map(UInt32.init))
    let tokens = Set(test.endpoints.flatMap(\.tokens)).filter { $0.count <= Int(CHAIN_VALUE_SIZE) }
    for token in tokens {
      let owners = test.endpoints.indices.filter { test.endpoints[$0].tokens.contains(token) }
      try program.setToken(token, endpoints: owners.map(UInt32.init))
    }
    for step in test.steps {
      switch step.direction {
      case .read:
        for (number, endpoint) in test.endpoints.enumerated() {
          let proxy = SocketAddress(Self.proxies[endpoint.address.ip.isV4 ? 0 : 1], port: 50_000)
          try program.setRoute(
            client: step.source, endpoint: UInt32(number), KernelRoute(from: proxy, to: endpoint.address, hop: Self.hop)
          )
        }
      case .write:
        let client = ConformanceCase.defaultClient
        let listener = SocketAddress(Self.listeners[client.ip.isV4 ? 0 : 1], port: Self.port)
        try program.setRoute(
          server: step.source, proxy: SocketAddress(Self.proxies[step.source.ip.isV4 ? 0 : 1], port: 50_000),
          KernelRoute(from: listener, to: client, hop: Self.hop))
      }
    }
  }

  private static let hop = KernelRoute.Hop(mac: [2, 0, 0, 0, 0, 7], interface: 0, mtu: 9000)

  private static func frame(_ step: ConformanceCase.Step) -> Frame {
    let family = step.source.ip.isV4 ? 0 : 1
    let destination =
      step.direction == .read
      ? SocketAddress(listeners[family], port: port) : SocketAddress(proxies[family], port: 50_000)
    return Frame(from: step.source, to: destination, step.payload)
  }

  private static func delivery(
    _ bytes: [UInt8], _ step: ConformanceCase.Step, _ test: ConformanceCase
  ) throws -> CaseResult.Delivery {
    let frame = try Frame(reading: bytes)
    guard frame.ttl == 63, frame.destinationMAC == [2, 0, 0, 0, 0, 7], frame.sourceMAC == [2, 0, 0, 0, 0, 9] else {
      throw Frame.Problem("TTL or link addresses are wrong: \(frame)")
    }
    switch step.direction {
    case .read: return CaseResult.Delivery(to: frame.destination, payload: frame.payload)
    case .write:
      guard frame.destination == ConformanceCase.defaultClient, frame.source.port == port else {
        throw Frame.Problem("the reply goes from \(frame.source) to \(frame.destination)")
      }
      return CaseResult.Delivery(to: nil, payload: frame.payload)
    }
  }
}
