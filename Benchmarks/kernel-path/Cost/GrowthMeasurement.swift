import CDataPath
import FilterKit
import Filters
import KernelPath

/// The chain of a game with many tokens and sessions. Each run is another client with another token, so what it looks up is in no
/// cache where there are many.
struct GrowthMeasurement {
  private let ours: KernelProgram
  private let hand: LoadedProgram
  private let count: Int

  init(_ count: Int, _ directory: String) throws {
    self.count = count
    let chain = BenchmarkChain.all.first { $0.name == "game" }!
    let proxy = IPAddress(v4: 0x0a00_0001)
    var way = interface()
    way.index = 1
    way.mac = (2, 2, 2, 2, 2, 2)
    let image = try image(
      ChainPlan(try chain.chain(Metrics())), addresses: [proxy], port: 7_777, interfaces: [way], hopLifetime: .max >> 1)
    var sizes = KernelMaps.Sizes()
    sizes.tokens = count
    sizes.sessions = count
    ours = try KernelProgram(image, in: FilterRegistry.builtin.program, sizes: sizes)
    let server = SocketAddress(IPAddress(v4: 0x0a00_0005), port: 9_000)
    let hop = KernelRoute.Hop(mac: [4, 4, 4, 4, 4, 4], interface: 0, mtu: 1_500)
    let route = KernelRoute(from: SocketAddress(proxy, port: 40_000), to: server, hop: hop)
    for number in 0..<UInt32(count) {
      try ours.maps.setToken(Self.token(number), endpoints: [number % 16])
      let client = SocketAddress(IPAddress(v4: 11 << 24 | number), port: 5_000)
      try ours.maps.setRoute(client: client, endpoint: number % 16, route)
    }
    hand = try LoadedProgram("\(directory)/hand-game.bpf.o", sharing: ours.maps)
  }

  private static func token(_ number: UInt32) -> [UInt8] {
    let word = UInt64(number) &* 0x9e37_79b9_7f4a_7c15
    return (0..<16).map { UInt8(truncatingIfNeeded: $0 < 8 ? word >> UInt64(8 * $0) : UInt64($0)) }
  }

  /// Nanoseconds of both.
  func measure(rounds: Int) throws -> (hand: UInt32, ours: UInt32) {
    var datagram = Datagram(suffix: BenchmarkChain.token + [1])
    let runner = FrameRunner(datagram.bytes)
    defer { runner.free() }
    var times: (hand: [UInt32], ours: [UInt32]) = ([], [])
    for round in 0..<2 * rounds {
      let number = UInt32.random(in: 0..<UInt32(count))
      datagram.setClient(number, token: Self.token(number))
      _ = runner.frame.update(from: datagram.bytes)
      if round % 2 == 0 {
        times.hand.append(try runner.run(hand.descriptor))
      } else {
        times.ours.append(try runner.run(ours.descriptor))
      }
    }
    return (times.hand.median, times.ours.median)
  }
}
