import BPFInterpreter
import CDataPath
import FilterKit
import Filters
import KernelPath

/// The proxy's program and the one by hand for a chain, around the same maps.
final class ChainMeasurement {
  /// What was measured of both.
  struct Figures {
    var hand: UInt32 = 0
    var ours: UInt32 = 0
    var hotHand: UInt32 = 0
    var hotOurs: UInt32 = 0
  }

  let chain: BenchmarkChain
  let ours: KernelProgram
  private let hand: LoadedProgram
  private let metrics = Metrics()
  private let again: LoadedProgram
  private let floor: LoadedProgram
  private let frame: Datagram

  init(_ chain: BenchmarkChain, _ directory: String) throws {
    self.chain = chain
    frame = Datagram(suffix: chain.suffix)
    let built = try chain.chain(metrics)
    let endpoints = (0..<chain.endpointCount).map { number in
      RoutingTable.Endpoint(
        SocketAddress(IPAddress(v4: 0x0a00_0005), port: 9_000 + UInt16(number)), tokens: number == 0 ? Self.tokens : [])
    }
    let routing = RoutingTable(endpoints)
    var way = interface()
    way.index = 1
    way.mac = (2, 2, 2, 2, 2, 2)
    let proxy = IPAddress(v4: 0x0a00_0001)
    let client = SocketAddress(IPAddress(v4: 0x0a00_0009), port: 5_000)
    ours = try KernelProgram.forTrial(
      ChainPlan(built), routing, addresses: [proxy], port: 7_777, interfaces: [way], hopLifetime: .max >> 1)
    for number in endpoints.indices {
      // The same way for all, so that all runs send the same bytes.
      let route = KernelRoute(
        from: SocketAddress(proxy, port: 40_000), to: endpoints[0].address,
        hop: KernelRoute.Hop(mac: [4, 4, 4, 4, 4, 4], interface: 0, mtu: 1_500))
      try ours.maps.setRoute(client: client, endpoint: UInt32(number), route)
    }
    if chain.remembersClients { Self.run(built, routing, metrics, from: client, frame) }
    hand = try LoadedProgram("\(directory)/hand-\(chain.name).bpf.o", sharing: ours.maps)
    again = try Self.again(frame, chain.shift, directory)
    // Nothing moves in a bare XDP_TX.
    floor = try Self.again(frame, 0, directory)
    let bare = try LoadedProgram("\(directory)/tx.bpf.o")
    try floor.call(bare.descriptor)
    try compare()
  }

  /// Restores the frame and calls a program.
  private static func again(_ frame: Datagram, _ shift: Int, _ directory: String) throws -> LoadedProgram {
    let words = frame.bytes + [0, 0] + withUnsafeBytes(of: Int64(shift)) { Array($0) }
    return try LoadedProgram("\(directory)/again.bpf.o", constants: words)
  }

  /// The tokens of the endpoint: 1,000 of 16 bytes.
  private static let tokens =
    [BenchmarkChain.token] + (1..<1_000).map { Array(("000000000000" + "\($0 + 1_000)").utf8) }

  /// Runs a packet through the filters on sockets.
  private static func run(
    _ chain: Chain, _ routing: RoutingTable, _ metrics: Metrics, from client: SocketAddress, _ frame: Datagram
  ) {
    var batch = PacketBatch(keyCount: chain.keys.count, routing: routing, sheet: metrics.makeSheet())
    batch.begin(.read, now: SystemClock.monotonic, wallClock: 0)
    frame.bytes.suffix(Datagram.payloadSize).withUnsafeBytes { batch.receiveBuffer(0).copyMemory(from: $0) }
    batch.insert(0, size: Datagram.payloadSize, from: client)
    chain.run(.read, &batch)
  }

  /// Both must send the same bytes, and count the same.
  private func compare() throws {
    let runner = FrameRunner(frame.bytes)
    defer { runner.free() }
    var results: [(bytes: [UInt8], counted: [UInt64])] = []
    for descriptor in [ours.descriptor, hand.descriptor] {
      let before = try counted()
      let bytes = try runner.output(of: descriptor)
      let after = try counted()
      results.append((bytes, zip(after, before).map { $0 &- $1 }))
    }
    guard results[0].bytes == results[1].bytes else { throw Failure("\(chain.name): both programs send other bytes") }
    let (one, other) = (results[0].counted, results[1].counted)
    let differences = one.indices.filter { one[$0] != other[$0] }
    guard differences.count <= (chain.observesTime ? 1 : 0) else {
      throw Failure("\(chain.name): both programs count otherwise, at \(differences.map { ($0, one[$0], other[$0]) })")
    }
  }

  /// All counters, each over all processors, and the traffic.
  private func counted() throws -> [UInt64] {
    let cells = try ours.counters.cells()
    let processors = ours.counters.processors
    let flow = ours.counters.traffic(.read)
    return (0..<cells.count / processors).map { place in
      cells[place * processors..<(place + 1) * processors].reduce(0, &+)
    }
      + [flow.packets_received, flow.bytes_received, flow.packets_sent, flow.bytes_sent]
  }

  /// What each does for the packet, step by step.
  func count() throws -> (hand: StepCount, ours: StepCount) {
    (
      try FrameEnvironment.run(hand.instructions, on: frame.bytes),
      try FrameEnvironment.run(ours.instructions, on: frame.bytes)
    )
  }

  func measure(rounds: Int) throws -> Figures {
    let runner = FrameRunner(frame.bytes)
    defer { runner.free() }
    var figures = Figures()
    var times: (hand: [UInt32], ours: [UInt32]) = ([], [])
    for _ in 0..<rounds {
      // In a random order: what a program leaves in the caches is for whoever comes next.
      if Bool.random() {
        times.hand.append(try runner.run(hand.descriptor))
        times.ours.append(try runner.run(ours.descriptor))
      } else {
        times.ours.append(try runner.run(ours.descriptor))
        times.hand.append(try runner.run(hand.descriptor))
      }
    }
    (figures.hand, figures.ours) = (times.hand.median, times.ours.median)
    var hot: (floor: [UInt32], hand: [UInt32], ours: [UInt32]) = ([], [], [])
    for _ in 0..<21 {
      hot.floor.append(try runner.run(floor.descriptor, times: 2_000))
      try again.call(hand.descriptor)
      hot.hand.append(try runner.run(again.descriptor, times: 2_000))
      try again.call(ours.descriptor)
      hot.ours.append(try runner.run(again.descriptor, times: 2_000))
    }
    figures.hotHand = hot.hand.median &- hot.floor.median
    figures.hotOurs = hot.ours.median &- hot.floor.median
    return figures
  }
}
