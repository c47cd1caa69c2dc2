import Dispatch
import FilterKit
import Glibc
import Synchronization
import TestNetwork
import Testing

/// Configurations that follow one another under load. Each marks its packets, so that one of two configurations shows. A longer run:
/// `RELOADS=1000 swift test --filter ReloadTests`.
@Suite(.requiresNamespaces, .serialized) struct ReloadTests {
  private static let servers = ["10.2.0.2:9000", "10.2.0.2:9001", "10.2.0.2:9002"]

  /// What becomes of a packet that ends with "AA".
  private struct Step {
    let filters: String
    let endpoints: [String: [String]]
    /// Where it arrives, and what it ends with there.
    let server: Int
    let end: String
    var isForKernel = true
  }

  private static func byToken(_ size: Int, mark: String, then more: String = "") -> String {
    """
    [{name: Capture, config: {suffix: {size: \(size), remove: true}}}, {name: TokenRouter}, \(more)
     {name: Concatenate, config: {on_read: APPEND, bytes: \(Base64.encode(Array(mark.utf8)))}}]
    """
  }

  private static let steps: [Step] = {
    let inTurns =
      "[{name: LoadBalancer}, {name: Concatenate, config: {on_read: APPEND, bytes: \(Base64.encode([0x65]))}}]"
    let regex = "{name: Capture, config: {regex: {pattern: '[0-9]'}, metadataKey: digits}},"
    return [
      Step(filters: byToken(1, mark: "a"), endpoints: [servers[0]: ["A"], servers[1]: ["B"]], server: 0, end: "Aa"),
      Step(filters: byToken(2, mark: "b"), endpoints: [servers[0]: ["A"], servers[1]: ["AA"]], server: 1, end: "b"),
      Step(filters: byToken(2, mark: "c"), endpoints: [servers[0]: ["AA"]], server: 0, end: "c"),
      // Tokens and endpoints change alone.
      Step(filters: byToken(2, mark: "c"), endpoints: [servers[2]: ["AA"], servers[0]: ["x"]], server: 2, end: "c"),
      Step(filters: byToken(2, mark: "c"), endpoints: [servers[2]: ["y"], servers[1]: ["AA"]], server: 1, end: "c"),
      Step(filters: byToken(1, mark: "d"), endpoints: [servers[1]: ["A"]], server: 1, end: "Ad"),
      // What goes to the only endpoint by turns, and then to another one.
      Step(filters: inTurns, endpoints: [servers[2]: []], server: 2, end: "AAe"),
      Step(filters: inTurns, endpoints: [servers[0]: []], server: 0, end: "AAe"),
      Step(
        filters: byToken(2, mark: "f", then: regex), endpoints: [servers[2]: ["AA"]], server: 2, end: "f",
        isForKernel: false),
    ]
  }()

  @Test("None is lost, comes twice, or goes by two configurations, or by one of before", arguments: [true, false])
  func underLoad(usesKernel: Bool) throws {
    let steps = Self.steps
    // Once around, and the first step again.
    let reloads = getenv("RELOADS").flatMap { Int(String(cString: $0)) } ?? steps.count + 1
    let proxy = try LiveProxy(steps[0].filters, steps[0].endpoints, usesKernel: usesKernel)
    let client = try UDPSocket(bind: "10.1.0.2:5000", in: proxy.network.client)
    let arrivals = Arrivals(try Self.servers.map { try UDPSocket(bind: $0, in: proxy.network.server) })
    let stream = Load(client)
    defer { stream.stop() }
    /// The first packet that was sent when a configuration was in place.
    var begins: [(number: Int, step: Int)] = [(0, 0)]
    var times: [Duration] = []
    for reload in 1...reloads {
      let step = steps[reload % steps.count]
      let start = ContinuousClock.now
      try proxy.apply(step.filters, step.endpoints, isForKernel: step.isForKernel)
      times.append(.now - start)
      let first = stream.sent
      begins.append((first, reload % steps.count))
      #expect(eventually { stream.sent >= first + 20 })
    }
    let sent = stream.stop()
    #expect(eventually { arrivals.count >= sent })
    let packets = arrivals.stop()

    var problems: [String] = []
    var seen = [Bool](repeating: false, count: sent)
    var reload = 0
    let sorted = packets.sorted { $0.number < $1.number }
    for packet in sorted {
      if seen[packet.number] { problems.append("twice: \(packet)") }
      seen[packet.number] = true
      while reload + 1 < begins.count, begins[reload + 1].number <= packet.number { reload += 1 }
      // One that was under way when the next configuration came may go by that, or by the one behind it.
      let isRight = begins[reload..<min(reload + 3, begins.count)].contains { begin in
        steps[begin.step].server == packet.server && steps[begin.step].end == packet.end
      }
      if !isRight { problems.append("by no configuration of its time, \(begins[reload]): \(packet)") }
    }
    #expect(seen.count { !$0 } == 0, "lost of \(sent)")
    #expect(problems.isEmpty, "\(problems.count): \(problems.prefix(5))")
    #expect(proxy.total("proxy_drops_total") == 0)
    if usesKernel {
      #expect(proxy.total("proxy_packets_sent_total", ["path": "kernel"]) > UInt64(sent / 4))
    }
    times.sort()
    if getenv("RELOADS") != nil {
      print("\(reloads) reloads, \(sent) packets, median \(times[reloads / 2]), worst \(times[reloads - 1])")
    }
  }

  @Test("Limits and turns go on through reloads, in the kernel too")
  func state() throws {
    func filters(_ mark: String, limit: Int = 3) -> String {
      """
      [{name: LocalRateLimit, config: {max_packets: \(limit), period: 600}}, {name: LoadBalancer},
       {name: Concatenate, config: {on_read: APPEND, bytes: \(Base64.encode(Array(mark.utf8)))}}]
      """
    }
    let endpoints = [Self.servers[0]: [String](), Self.servers[1]: []]
    let proxy = try LiveProxy(filters("0"), endpoints)
    let client = try UDPSocket(bind: "10.1.0.2:5000", in: proxy.network.client)
    let servers = try Self.servers[..<2].map { try UDPSocket(bind: $0, in: proxy.network.server) }
    for packet in 0..<3 {
      try client.send([1], to: LiveProxy.listener)
      let mark = UInt8(ascii: "0") + UInt8(packet)
      #expect(try servers[packet % 2].receive()?.bytes == [1, mark], "\(packet)")
      try proxy.apply(filters("\(packet + 1)"), endpoints)
    }
    try client.send([1], to: LiveProxy.listener)
    #expect(eventually { proxy.total("proxy_drops_total", ["reason": "rate_limited"]) == 1 })
    // With another limit it counts from the start.
    try proxy.apply(filters("x", limit: 4), endpoints)
    try client.send([1], to: LiveProxy.listener)
    #expect(try servers[1].receive()?.bytes == [1, UInt8(ascii: "x")])
    #expect(proxy.total("proxy_packets_sent_total", ["path": "kernel"]) > 0)
  }
}

/// Sends numbered packets, some thousands a second, on a thread of its own.
private final class Load: Sendable {
  private let count = Atomic(0)
  private let isOver = Atomic(false)
  private let end = DispatchSemaphore(value: 0)

  init(_ client: UDPSocket) {
    DispatchQueue.global().async { [self] in
      while !isOver.load(ordering: .relaxed) {
        for _ in 0..<10 {
          let number = count.add(1, ordering: .sequentiallyConsistent).oldValue
          try? client.send(Array("\(number) AA".utf8), to: LiveProxy.listener)
        }
        poll(nil, 0, 1)
      }
      end.signal()
    }
  }

  /// How many packets have been begun.
  var sent: Int { count.load(ordering: .sequentiallyConsistent) }

  @discardableResult func stop() -> Int {
    if !isOver.exchange(true, ordering: .relaxed) { end.wait() }
    return sent
  }
}

/// Takes what arrives at servers, on a thread of its own.
private final class Arrivals: Sendable {
  struct Packet {
    let number: Int
    let server: Int
    let end: String
  }

  private let packets = Mutex<[Packet]>([])
  private let isOver = Atomic(false)
  private let end = DispatchSemaphore(value: 0)

  init(_ servers: [UDPSocket]) {
    DispatchQueue.global().async { [self] in
      while !isOver.load(ordering: .relaxed) {
        for (number, server) in servers.enumerated() {
          while let datagram = try? server.receiveNow() {
            let parts = String(decoding: datagram.bytes, as: UTF8.self).split(
              separator: " ", omittingEmptySubsequences: false)
            let packet = Packet(
              number: Int(parts[0]) ?? 0, server: number, end: parts.count > 1 ? String(parts[1]) : "")
            packets.withLock { $0.append(packet) }
          }
        }
        poll(nil, 0, 1)
      }
      end.signal()
    }
  }

  var count: Int { packets.withLock { $0.count } }

  func stop() -> [Packet] {
    isOver.store(true, ordering: .relaxed)
    end.wait()
    return packets.withLock { $0 }
  }
}
