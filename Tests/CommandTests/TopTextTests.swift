import FilterKit
import TestNetwork
import Testing

@testable import ProxyCommand

@Suite struct TopTextTests {
  private let address = SocketAddress(literal: "127.0.0.1:8000")

  /// The counters of a proxy with both paths.
  private static func metrics(read: Int, inKernel: Int, unknown: Int, made: Int = 5) -> String {
    """
    proxy_offload_active 1
    proxy_sessions_active{path="socket"} 1
    proxy_sessions_active{path="kernel"} 4
    proxy_sessions_total{path="socket"} \(made)
    proxy_packets_received_total{direction="read",path="socket"} \(read)
    proxy_bytes_received_total{direction="read",path="socket"} \(100 * read)
    proxy_packets_received_total{direction="read",path="kernel"} \(inKernel)
    proxy_bytes_received_total{direction="read",path="kernel"} \(100 * inKernel)
    proxy_packets_sent_total{direction="read",path="kernel"} \(inKernel)
    proxy_bytes_sent_total{direction="read",path="kernel"} \(50 * inKernel)
    proxy_drops_total{filter="router",reason="token_unknown"} \(unknown)
    proxy_drops_total{filter="old",reason="dropped"} 7
    """
  }

  @Test("Rates are by the time that passed between two readings") func rates() throws {
    let before = try ProxyReading(Self.metrics(read: 1000, inKernel: 0, unknown: 10))
    let after = try ProxyReading(
      Self.metrics(read: 1100, inKernel: 3900, unknown: 20, made: 25) + """

        proxy_drops_total{filter="size",reason="packet_size"} 500
        proxy_hand_overs_total{cause="no_session"} 1
        proxy_hand_overs_total{cause="mtu"} 30
        """, after: .seconds(2))
    #expect(
      TopText(address: address, reading: after, before: before).text == """
        proxy 1.2.3 on 127.0.0.1:8000, up 1m 42s: ready
        path: kernel
        sessions: 1 by sockets, 4 by the kernel; 10/s made, 0/s refused
        carried by the kernel: 97.5% of what was received

        datagrams            received/s               sent/s
        to servers  sockets          50  40.0 kbit/s       0     0 bit/s
        to servers  kernel        1,950  1.56 Mbit/s   1,950  780 kbit/s
        to clients  sockets           0      0 bit/s       0     0 bit/s
        to clients  kernel            0      0 bit/s       0     0 bit/s

        drops: 255/s
          size    packet_size    250
          router  token_unknown  5.0

        hand-overs to the sockets: 16/s
          mtu          15
          no_session  0.5
        """)
  }

  @Test("The first reading has no rates") func first() throws {
    let reading = try ProxyReading(Self.metrics(read: 1000, inKernel: 9, unknown: 10))
    #expect(
      TopText(address: address, reading: reading, before: nil).text == """
        proxy 1.2.3 on 127.0.0.1:8000, up 1m 40s: ready
        path: kernel
        (rates come with the next reading)
        sessions: 1 by sockets, 4 by the kernel
        carried by the kernel: -

        datagrams            received/s     sent/s
        to servers  sockets           -  -       -  -
        to servers  kernel            -  -       -  -
        to clients  sockets           -  -       -  -
        to clients  kernel            -  -       -  -
        """)
  }

  @Test("Nothing between two readings is a rate of 0, and of nothing the kernel has no share") func idle() throws {
    let metrics = Self.metrics(read: 1000, inKernel: 9, unknown: 10)
    let rates = try #require(
      ProxyRates(from: try ProxyReading(metrics), to: try ProxyReading(metrics, after: .milliseconds(200))))
    #expect(rates.kernelShare == nil)
    #expect(rates.drops.isEmpty)
    #expect(rates.flows.values.allSatisfy { $0 == ProxyRates.Flow() })
  }

  @Test("Another process has no rates yet, whatever it has counted") func restart() throws {
    let before = try ProxyReading(Self.metrics(read: 10, inKernel: 10, unknown: 10))
    let after = try ProxyReading(Self.metrics(read: 20, inKernel: 20, unknown: 20), after: .seconds(1), start: 1100)
    #expect(ProxyRates(from: before, to: after) == nil)
    let lines = TopText(address: address, reading: after, before: before).text.split(separator: "\n")
    #expect(lines[2] == "(the proxy has restarted: rates come with the next reading)")
    #expect(lines[6].hasSuffix("-  -       -  -"))
  }

  @Test(
    "A counter that is smaller than before gives no negative rate, also where the start is in the same second",
    arguments: [(9, 10, 10, 10), (10, 9, 10, 10), (10, 10, 9, 10), (10, 10, 10, 9)])
  func smaller(read: Int, inKernel: Int, unknown: Int, made: Int) throws {
    let before = try ProxyReading(Self.metrics(read: 10, inKernel: 10, unknown: 10, made: 10))
    let metrics = Self.metrics(read: read, inKernel: inKernel, unknown: unknown, made: made)
    let after = try ProxyReading(metrics, after: .seconds(1))
    #expect(ProxyRates(from: before, to: after) == nil)
    let lines = TopText(address: address, reading: after, before: before).text.split(separator: "\n")
    #expect(lines[2] == "(the counters began anew: rates come with the next reading)")
  }

  @Test("A counter that is gone began anew") func gone() throws {
    let before = try ProxyReading(#"proxy_hand_overs_total{cause="mtu"} 3"#)
    #expect(ProxyRates(from: before, to: try ProxyReading("", after: .seconds(1))) == nil)
    #expect(ProxyRates(from: try ProxyReading(""), to: try ProxyReading("", after: .seconds(1))) != nil)
  }

  @Test("Ten drops have lines of their own") func many() throws {
    let drops = (1...12).map { "proxy_drops_total{filter=\"f\($0)\",reason=\"dropped\"} \($0)" }
    let after = try ProxyReading(drops.joined(separator: "\n"), after: .seconds(1))
    let lines = TopText(address: address, reading: after, before: try ProxyReading("")).text.split(separator: "\n")
    let start = try #require(lines.firstIndex(of: "drops: 78/s"))
    #expect(lines[start + 1] == "  f12  dropped   12")
    #expect(lines[(start + 1)...].count == 11)
    #expect(lines.last == "  and 2 more")
  }
}
