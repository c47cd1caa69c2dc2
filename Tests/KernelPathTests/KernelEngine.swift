import CDataPath
import Conformance
import FilterKit
import Filters
import Glibc
import KernelPath

/// Runs cases through the program in the kernel, frame by frame (BPF_PROG_TEST_RUN). What the program hands to the sockets is
/// answered by the filters alone, as the socket path would, after it was proven that the frame came back untouched.
struct KernelEngine: ConformanceEngine {
  static let listeners = [IPAddress(v4: 0xc000_02fa), IPAddress(high: 0x2001_0db8_0000_0000, low: 0xfa)]
  static let proxies = [IPAddress(v4: 0xc000_02fb), IPAddress(high: 0x2001_0db8_0000_0000, low: 0xfb)]
  static let port: UInt16 = 7777

  /// Whether a trial run can bring a case about: all of the chain is for the kernel, a datagram fits into a frame, and nothing depends
  /// on the time between packets.
  static func runs(_ test: ConformanceCase) -> Bool {
    guard !test.steps.isEmpty, test.steps.allSatisfy({ $0.payload.count <= 3_000 }), let plan = plan(test) else {
      return false
    }
    return plan.refusal == nil && (plan.tables.states.isEmpty || test.steps.allSatisfy { $0.time == 0 })
  }

  /// Whether what comes of a packet depends on those before it.
  static func hasState(_ test: ConformanceCase) -> Bool { plan(test)?.tables.states.isEmpty == false }

  private static func plan(_ test: ConformanceCase) -> ChainPlan? {
    (try? ChainRunner(test, registry: .builtin, metrics: Metrics())).map { ChainPlan($0.chain) }
  }

  func run(_ test: ConformanceCase) throws -> CaseResult {
    let metrics = Metrics()
    let sockets = try ChainRunner(test, registry: .builtin, metrics: metrics)
    let plan = ChainPlan(sockets.chain)
    // The interface of a trial run is lo.
    var out = interface()
    out.index = 1
    out.mac = (2, 0, 0, 0, 0, 9)
    let program = try KernelProgram.forTrial(
      plan, sockets.routing, addresses: Self.listeners, port: Self.port, interfaces: [out], wallClock: test.clock)
    try fill(program, test)
    var outcomes: [CaseResult.Outcome] = []
    let sheet = metrics.makeSheet()
    for step in test.steps.flatMap({ Array(repeating: $0, count: $0.times) }) {
      let frame = Self.frame(step).bytes
      let result = try program.run(frame)
      switch result.action {
      case 1: outcomes.append(CaseResult.Outcome(deliveries: []))
      case 3: outcomes.append(CaseResult.Outcome(deliveries: [try Self.delivery(result.frame, step, test)]))
      case 2:
        guard result.frame == frame else { throw Frame.Problem("a frame that was handed over is changed") }
        let answers = sockets.run([step], now: Self.now, wallClock: (test.clock ?? 0) * 1_000_000_000)
        guard answers[0].deliveries.count != 1 || !plan.tables.states.isEmpty else {
          throw Frame.Problem("line \(step.line): handed over, though it goes to one endpoint")
        }
        outcomes += answers
      default: throw Frame.Problem("the program returned \(result.action)")
      }
    }
    program.counters.write(to: sheet, of: plan.tables)
    return CaseResult(outcomes: outcomes, metrics: metrics)
  }

  /// Nanoseconds of `CLOCK_MONOTONIC`.
  private static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// A session for every client of the case with every endpoint.
  private func fill(_ program: KernelProgram, _ test: ConformanceCase) throws {
    for step in test.steps {
      switch step.direction {
      case .read:
        for (number, endpoint) in test.endpoints.enumerated() {
          let proxy = SocketAddress(Self.proxies[endpoint.address.ip.isV4 ? 0 : 1], port: 50_000)
          try program.maps.setRoute(
            client: step.source, endpoint: UInt32(number), KernelRoute(from: proxy, to: endpoint.address, hop: Self.hop)
          )
        }
      case .write:
        let client = ConformanceCase.defaultClient
        let listener = SocketAddress(Self.listeners[client.ip.isV4 ? 0 : 1], port: Self.port)
        try program.maps.setRoute(
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
