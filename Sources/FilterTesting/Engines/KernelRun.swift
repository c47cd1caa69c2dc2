import CDataPath
package import FilterKit
import KernelPath

/// The kernel's program with one chain, run frame by frame without an interface (BPF_PROG_TEST_RUN). What it hands to the sockets is
/// answered by the filters alone, as the socket path would, after it was proven that the frame came back untouched.
package final class KernelRun {
  /// The addresses of the proxy of each family: those that clients send to, and those that it sends from.
  package static let listeners = [IPAddress(v4: 0xc000_02fa), IPAddress(high: 0x2001_0db8_0000_0000, low: 0xfa)]
  package static let proxies = [IPAddress(v4: 0xc000_02fb), IPAddress(high: 0x2001_0db8_0000_0000, low: 0xfb)]
  package static let port: UInt16 = 7777
  /// The largest payload that fits into a frame of a trial run.
  package static let maximumPayload = 3_000
  private static let hop = KernelRoute.Hop(mac: [2, 0, 0, 0, 0, 7], interface: 0, mtu: 9000)
  private static let firstPort: UInt16 = 50_000

  private let sockets: ChainRunner
  private let plan: ChainPlan
  private let program: KernelProgram
  private let sheet: CounterSheet
  private let endpoints: [SocketAddress]
  private let clock: Int64?
  /// The clients that have sessions, in the order of their ports.
  private var clients: [SocketAddress] = []
  /// The packets that were handed over so far, by cause.
  private var handOvers = [UInt64](repeating: 0, count: Int(HAND_OVER_COUNT.rawValue))

  /// - Throws: `ChainRefused`, or a `KernelPathError` where the chain is none for the kernel or the program cannot be loaded.
  package init(_ written: TrialChain) throws {
    sockets = try ChainRunner(written)
    plan = ChainPlan(sockets.chain)
    if let refusal = plan.refusal { throw KernelPathError.chain(refusal) }
    endpoints = written.endpoints.map(\.address)
    clock = written.clock
    // The interface of a trial run is lo.
    var out = interface()
    out.index = 1
    out.mac = (2, 0, 0, 0, 0, 9)
    program = try KernelProgram.forTrial(
      plan, sockets.routing, addresses: Self.listeners, port: Self.port, interfaces: [out], wallClock: clock)
    sheet = sockets.metrics.makeSheet()
  }

  /// All counters now, those of the program and those of what it handed over.
  package var metrics: Metrics {
    program.counters.write(to: sheet, of: plan.tables)
    return sockets.metrics
  }

  /// Runs a packet through the program.
  package func run(_ packet: TrialPacket) throws -> PacketOutcome {
    try open(packet.client)
    if packet.direction == .write { try openReply(from: packet.source, to: packet.client) }
    guard packet.payload.count <= Self.maximumPayload else {
      var outcome = answer(packet)
      outcome.handOver = "a datagram of \(packet.payload.count) bytes comes in fragments, which the sockets take"
      return outcome
    }
    let frame = frame(packet).bytes
    let result = try program.run(frame)
    switch result.action {
    case 1: return PacketOutcome(deliveries: [])
    case 3: return PacketOutcome(deliveries: [try delivery(result.frame, packet)])
    case 2:
      guard result.frame == frame else { throw Frame.Problem("a frame that was handed over is changed") }
      var outcome = answer(packet)
      outcome.handOver = nextCause()
      return outcome
    default: throw Frame.Problem("the program returned \(result.action)")
    }
  }

  /// Whether the program may leave packets to the sockets that it could carry: those of a branch, or of a key that a limit does not know.
  package var mayHandOver: Bool {
    !plan.tables.states.isEmpty || plan.steps.contains { !$0.branchesOnSockets.isEmpty }
  }

  private func answer(_ packet: TrialPacket) -> PacketOutcome {
    sockets.run([packet], now: SystemClock.monotonic, wallClock: ChainRunner.wallClock(clock))[0]
  }

  /// Why the packet was handed over that just was, as metrics call it.
  private func nextCause() -> String {
    let before = handOvers
    handOvers = (0..<HAND_OVER_COUNT.rawValue).map { program.counters.handOvers(hand_over($0)) }
    let cause = handOvers.indices.first { handOvers[$0] > before[$0] }
    return cause.flatMap { hand_over_name(UInt32($0)).map { String(cString: $0) } } ?? "unknown"
  }

  // MARK: - Sessions and frames

  /// Makes sessions between a client and every endpoint. Each client has a port of its own toward the servers.
  private func open(_ client: SocketAddress) throws {
    guard !clients.contains(client) else { return }
    clients.append(client)
    for (number, endpoint) in endpoints.enumerated() {
      let proxy = proxy(toward: endpoint, for: client)
      try program.maps.setRoute(
        client: client, endpoint: UInt32(number), KernelRoute(from: proxy, to: endpoint, hop: Self.hop))
    }
  }

  private func openReply(from server: SocketAddress, to client: SocketAddress) throws {
    let listener = SocketAddress(Self.listeners[client.ip.isV4 ? 0 : 1], port: Self.port)
    try program.maps.setRoute(
      server: server, proxy: proxy(toward: server, for: client),
      KernelRoute(from: listener, to: client, hop: Self.hop))
  }

  private func proxy(toward server: SocketAddress, for client: SocketAddress) -> SocketAddress {
    let number = UInt16(truncatingIfNeeded: clients.firstIndex(of: client)!)
    return SocketAddress(Self.proxies[server.ip.isV4 ? 0 : 1], port: Self.firstPort + number % 10_000)
  }

  private func frame(_ packet: TrialPacket) -> Frame {
    switch packet.direction {
    case .read:
      let listener = SocketAddress(Self.listeners[packet.source.ip.isV4 ? 0 : 1], port: Self.port)
      return Frame(from: packet.source, to: listener, packet.payload)
    case .write:
      return Frame(from: packet.source, to: proxy(toward: packet.source, for: packet.client), packet.payload)
    }
  }

  private func delivery(_ bytes: [UInt8], _ packet: TrialPacket) throws -> PacketOutcome.Delivery {
    let frame = try Frame(reading: bytes)
    guard frame.ttl == 63, frame.destinationMAC == [2, 0, 0, 0, 0, 7], frame.sourceMAC == [2, 0, 0, 0, 0, 9] else {
      throw Frame.Problem("TTL or link addresses are wrong: \(frame)")
    }
    switch packet.direction {
    case .read: return PacketOutcome.Delivery(to: frame.destination, payload: frame.payload)
    case .write:
      guard frame.destination == packet.client, frame.source.port == Self.port else {
        throw Frame.Problem("the reply goes from \(frame.source) to \(frame.destination)")
      }
      return PacketOutcome.Delivery(to: nil, payload: frame.payload)
    }
  }
}
