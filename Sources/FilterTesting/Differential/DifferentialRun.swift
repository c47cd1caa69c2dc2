import CDataPath
import FilterKit
import Glibc
import KernelPath

/// Runs a case through the filters in Swift and through the program in the kernel, and compares all that comes of it.
struct DifferentialRun {
  private static let mtu = 1_500
  private static let hop = KernelRoute.Hop(mac: [2, 0, 0, 0, 0, 7], interface: 0, mtu: UInt32(mtu))
  private let reference: ReferenceChain
  /// What the sockets make of packets that are handed over. Their counters and the kernel's together must be those of `reference`.
  private let sockets: ReferenceChain
  private let plan: ChainPlan
  private let test: RandomCase

  /// Nil where the kernel does not run the chain; then `tally` has the reason.
  init?(_ test: RandomCase, _ tally: inout Differential.Tally) {
    let reference: ReferenceChain
    let sockets: ReferenceChain
    do throws(ChainRefused) {
      reference = try ReferenceChain(test)
      sockets = try ReferenceChain(test)
    } catch {
      // Without the place, which is another one in each chain.
      let reason = error.lines.first?.split(separator: " ", maxSplits: 1).last ?? ""
      tally.refused["the configuration is refused: \(reason)", default: 0] += 1
      return nil
    }
    let plan = ChainPlan(sockets.chain)
    if plan.refusal != nil {
      let step = plan.steps.first { $0.refusal != nil }
      tally.refused["\(step?.label.prefix { $0 != "#" } ?? ""): \(step?.refusal?.reason ?? "")", default: 0] += 1
      return nil
    }
    (self.reference, self.sockets, self.plan, self.test) = (reference, sockets, plan, test)
  }

  /// Something that differs.
  struct Difference {
    /// The packet that it was seen at.
    let packet: Int?
    let text: String

    init(at packet: Int? = nil, _ text: String) {
      self.packet = packet
      self.text = text
    }
  }

  /// Runs all packets, and gives what differs: also that the kernel does not take the program.
  func run(_ tally: inout Differential.Tally) throws -> [Difference] {
    var out = interface()
    out.index = 1
    out.mac = (2, 0, 0, 0, 0, 9)
    let program: KernelProgram
    do throws(KernelPathError) {
      program = try KernelProgram.forTrial(
        plan, RoutingTable(test.endpoints), addresses: KernelRun.listeners, port: KernelRun.port,
        interfaces: [out], hopLifetime: .max >> 1, wallClock: ReferenceChain.wallClock / 1_000_000_000)
    } catch {
      return [Difference("the filters in Swift run, but \(error)")]
    }
    try open(program)
    var problems: [Difference] = []
    var causes: [UInt32: UInt64] = [:]
    var start = 0
    while start < test.packets.count, problems.count < 3 {
      let direction = test.packets[start].direction
      let end =
        (start + 1..<min(start + PacketBatch.capacity, test.packets.count)).first {
          test.packets[$0].direction != direction
        } ?? min(start + PacketBatch.capacity, test.packets.count)
      for (index, outcome) in zip(start..<end, reference.run(test.packets[start..<end])) {
        let fate = fate(of: test.packets[index], outcome)
        if case .handedOver(let cause) = fate { causes[cause.rawValue, default: 0] += 1 }
        if let problem = try compare(index, fate, outcome, program, &tally) {
          problems.append(Difference(at: index, problem))
        }
      }
      start = end
    }
    guard problems.isEmpty else { return problems }
    for cause in 1..<HAND_OVER_COUNT.rawValue where !mayLeaveToSockets {
      let count = program.counters.handOvers(hand_over(cause))
      if count != causes[cause, default: 0] {
        problems.append(
          Difference("hand-overs of cause \(cause): \(count), expected \(causes[cause, default: 0])"))
      }
    }
    program.counters.write(to: sockets.metrics.makeSheet(), of: plan.tables)
    let (expected, found) = (MetricTotals(reference.metrics), MetricTotals(sockets.metrics))
    if expected.drops != found.drops {
      problems.append(Difference("drops are \(found.drops), expected \(expected.drops)"))
    }
    for (name, value) in expected.counters where found.counters[name] != value {
      problems.append(Difference("\(name) is \(found.counters[name] ?? 0), expected \(value)"))
    }
    return problems
  }

  // MARK: - What must come of a packet

  private enum Fate {
    case dropped
    case sent(Frame)
    case handedOver(hand_over)
  }

  private func fate(of packet: RandomCase.Packet, _ outcome: ReferenceChain.Outcome) -> Fate {
    guard let destinations = outcome.destinations else { return .dropped }
    var frame: Frame
    switch packet.direction {
    case .read:
      guard destinations.count == 1 else { return .handedOver(HAND_OVER_DESTINATIONS) }
      guard !RandomCase.strangers.contains(packet.source) else { return .handedOver(HAND_OVER_NO_SESSION) }
      let server = test.endpoints[destinations[0]].address
      frame = Frame(from: Self.proxy(toward: server, for: packet.source), to: server, outcome.payload)
    case .write: frame = Frame(from: Self.listener(of: packet.client), to: packet.client, outcome.payload)
    }
    let headers = frame.destination.ip.isV4 ? 28 : 48
    guard headers + outcome.payload.count <= Self.mtu else { return .handedOver(HAND_OVER_MTU) }
    frame.ttl = 63
    frame.sourceMAC = [2, 0, 0, 0, 0, 9]
    frame.destinationMAC = [2, 0, 0, 0, 0, 7]
    if !packet.source.ip.isV4 { frame.identification = 0 }
    return .sent(frame)
  }

  /// Whether the kernel may leave packets to the sockets that it could send: those of a branch, or of a key that a limit does not know.
  private var mayLeaveToSockets: Bool {
    !plan.tables.states.isEmpty || plan.steps.contains { !$0.branchesOnSockets.isEmpty }
  }

  private func compare(
    _ index: Int, _ fate: Fate, _ outcome: ReferenceChain.Outcome, _ program: KernelProgram,
    _ tally: inout Differential.Tally
  ) throws -> String? {
    let packet = test.packets[index]
    let destination =
      packet.direction == .read
      ? Self.listener(of: packet.source) : Self.proxy(toward: packet.source, for: packet.client)
    let bytes = Frame(from: packet.source, to: destination, packet.payload).bytes
    let result = try program.run(bytes)
    tally.packets += 1
    let place = "packet \(index) (\(packet.direction), \(packet.payload.count) bytes from \(packet.source))"
    if result.action == 2, mayLeaveToSockets {
      tally.handedOver += 1
      guard Self.areSame(result.frame, bytes) else { return "\(place): was handed over, but not as it came" }
      // The clock that the kernel's program reads: limits have the windows of both paths in one table.
      let found = sockets.run(test.packets[index...index], now: SystemClock.monotonic)[0]
      return found == outcome ? nil : "\(place): the sockets say \(found), expected \(outcome)"
    }
    switch fate {
    case .dropped:
      tally.dropped += 1
      return result.action == 1 ? nil : "\(place): action \(result.action), expected to be dropped"
    case .sent(let frame):
      tally.sent += 1
      guard result.action == 3 else {
        return "\(place): action \(result.action), expected to go to \(frame.destination)"
      }
      guard !Self.areSame(result.frame, frame.bytes) else { return nil }
      let found: String
      do throws(Frame.Problem) {
        let read = try Frame(reading: result.frame)
        found = "\(read)"
      } catch { found = error.description }
      return "\(place): \(found), expected \(frame)"
    case .handedOver(let cause):
      tally.handedOver += 1
      guard result.action == 2 else { return "\(place): action \(result.action), expected hand-over \(cause.rawValue)" }
      guard Self.areSame(result.frame, bytes) else { return "\(place): was handed over, but not as it came" }
      _ = sockets.run(test.packets[index...index], now: SystemClock.monotonic)
      return nil
    }
  }

  private static func areSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && memcmp(one, other, one.count) == 0
  }

  // MARK: - Sessions

  private static func listener(of client: SocketAddress) -> SocketAddress {
    SocketAddress(KernelRun.listeners[client.ip.isV4 ? 0 : 1], port: KernelRun.port)
  }

  /// Each client has a port of its own toward the servers.
  private static func proxy(toward server: SocketAddress, for client: SocketAddress) -> SocketAddress {
    let number = RandomCase.clients.firstIndex(of: client) ?? 0
    return SocketAddress(KernelRun.proxies[server.ip.isV4 ? 0 : 1], port: 50_000 + UInt16(number))
  }

  private func open(_ program: KernelProgram) throws {
    for client in RandomCase.clients {
      for (number, endpoint) in test.endpoints.enumerated() {
        let proxy = Self.proxy(toward: endpoint.address, for: client)
        try program.maps.setRoute(
          client: client, endpoint: UInt32(number), KernelRoute(from: proxy, to: endpoint.address, hop: Self.hop))
        try program.maps.setRoute(
          server: endpoint.address, proxy: proxy,
          KernelRoute(from: Self.listener(of: client), to: client, hop: Self.hop))
      }
    }
  }
}
