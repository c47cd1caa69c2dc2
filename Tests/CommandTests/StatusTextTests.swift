import FilterKit
import ProxyConfiguration
import TestNetwork
import Testing

@testable import ProxyCommand

@Suite struct StatusTextTests {
  private let address = SocketAddress(literal: "127.0.0.1:8000")

  private static let metrics = #"""
    proxy_listening_info{address="0.0.0.0:7777"} 1
    proxy_listening_info{address="[::]:7777"} 1
    proxy_workers 4
    proxy_offload_active 1
    proxy_offload_obstacle{reason="chain"} 0
    proxy_offload_obstacle{reason="host"} 0
    proxy_reloads_total{result="good"} 3
    proxy_reloads_total{result="refused"} 1
    proxy_reload_duration_seconds 0.0123
    proxy_sessions_active{path="kernel"} 1180
    proxy_sessions_active{path="socket"} 2
    proxy_sessions_total{path="socket"} 1300
    proxy_sessions_refused_total{path="socket"} 17
    proxy_packets_received_total{direction="read",path="kernel"} 1234567
    proxy_packets_received_total{direction="read",path="socket"} 1300
    proxy_packets_received_total{direction="write",path="kernel"} 42
    proxy_packets_sent_total{direction="read",path="kernel"} 1234000
    proxy_bytes_received_total{direction="read",path="kernel"} 98765432
    proxy_bytes_sent_total{direction="read",path="kernel"} 98700000
    proxy_drops_total{filter="proxy",reason="session_limit"} 17
    proxy_drops_total{filter="router",reason="token_unknown"} 1234
    proxy_drops_total{filter="a",reason="packet_size"} 17
    proxy_drops_total{filter="a",reason="dropped"} 0
    proxy_hand_overs_total{cause="no_session"} 5
    proxy_hand_overs_total{cause="mtu"} 70
    proxy_hand_overs_total{cause="ttl"} 0
    """#

  @Test("It says all, drops and hand-overs from the largest on") func text() throws {
    let reading = try ProxyReading(
      Self.metrics, ready: "ready\npath: kernel on eth0 (native); the sockets make sessions and serve the rest\n")
    #expect(
      StatusText(address: address, reading: reading).text == """
        proxy 1.2.3 on 127.0.0.1:8000, up 1m 40s: ready
        path: kernel on eth0 (native); the sockets make sessions and serve the rest
        listening on 0.0.0.0:7777 and [::]:7777 with 4 workers
        configuration: 3 changes applied since the start, the last within 12.3 ms; 1 change refused

        sessions  active   made  refused
        sockets        2  1,300       17
        kernel     1,180

        datagrams             received       bytes       sent       bytes
        to servers  sockets      1,300           0          0           0
        to servers  kernel   1,234,567  98,765,432  1,234,000  98,700,000
        to clients  sockets          0           0          0           0
        to clients  kernel          42           0          0           0

        drops by  reason         datagrams
        router    token_unknown      1,234
        a         packet_size           17
        proxy     session_limit         17

        hand-overs to the sockets by cause  packets
        mtu                                      70
        no_session                                5
        """)
  }

  @Test("A proxy without a kernel path has no lines for it") func sockets() throws {
    let reading = try ProxyReading(#"proxy_sessions_active{path="socket"} 1"#)
    #expect(
      StatusText(address: address, reading: reading).text == """
        proxy 1.2.3 on 127.0.0.1:8000, up 1m 40s: ready
        path: sockets, because 'proxy run' uses no other
        configuration: that of the start

        sessions  active  made  refused
        sockets        1     0        0

        datagrams            received  bytes  sent  bytes
        to servers  sockets         0      0     0      0
        to clients  sockets         0      0     0      0

        drops: none
        """)
  }

  @Test("One that is not ready says why, and what keeps sessions out of the kernel") func notReady() throws {
    let reading = try ProxyReading(
      "proxy_offload_active 0\nproxy_offload_obstacle{reason=\"host\"} 1\nproxy_offload_obstacle{reason=\"chain\"} 0",
      ready: "not ready: draining, no new session is made\n", status: 503)
    let lines = StatusText(address: address, reading: reading).text.split(separator: "\n")
    #expect(
      lines.first == "proxy 1.2.3 on 127.0.0.1:8000, up 1m 40s: not ready: draining, no new session is made")
    #expect(lines.dropFirst().first == "path: sockets (obstacle: host)")
    #expect(lines.last == "hand-overs to the sockets: none")
  }

  @Test("What comes from outside cannot move the cursor") func controls() throws {
    let reading = try ProxyReading(
      "proxy_drops_total{filter=\"a\u{1b}[2J\\nb\",reason=\"dropped\"} 1", ready: "ready\npath: \u{1b}[31mred\n")
    let text = StatusText(address: address, reading: reading).text
    #expect(!text.contains("\u{1b}"))
    #expect(text.contains("path: \\u{1b}[31mred\n"))
    #expect(text.contains("\na\\u{1b}[2J\n    b"))
  }

  @Test(
    "What no proxy says is no readiness",
    arguments: [(200, "not ready: a\n"), (503, "ready\n"), (404, "ready\n"), (200, "<html>\nready\n"), (503, "")])
  func noReadiness(status: Int, body: String) { #expect(Readiness(status: status, body: body.utf8) == nil) }

  @Test("All is in the JSON") func json() throws {
    let reading = try ProxyReading(
      Self.metrics.replacingLine("proxy_offload_active", by: "proxy_offload_active 0")
        .replacingLine("proxy_offload_obstacle{reason=\"host\"}", by: "proxy_offload_obstacle{reason=\"host\"} 1"),
      ready: "ready\npath: sockets, because the host\n")
    #expect(
      StatusJSON(address: address, reading: reading).json.text == """
        {
          "admin": "127.0.0.1:8000",
          "version": "1.2.3",
          "startTime": 1000,
          "uptimeSeconds": 100,
          "isReady": true,
          "reason": null,
          "path": {"kernel": false, "obstacle": "host", "description": "sockets, because the host"},
          "listening": ["0.0.0.0:7777", "[::]:7777"],
          "workers": 4,
          "reloads": {"good": 3, "refused": 1, "lastMicroseconds": 12300},
          "sessions": [
            {"path": "socket", "active": 2, "made": 1300, "refused": 17},
            {"path": "kernel", "active": 1180, "made": 0, "refused": 0}
          ],
          "datagrams": [
            {"direction": "read", "path": "socket", "received": 1300, "receivedBytes": 0, "sent": 0, "sentBytes": 0},
            {"direction": "read", "path": "kernel", "received": 1234567, "receivedBytes": 98765432, "sent": 1234000, \
        "sentBytes": 98700000},
            {"direction": "write", "path": "socket", "received": 0, "receivedBytes": 0, "sent": 0, "sentBytes": 0},
            {"direction": "write", "path": "kernel", "received": 42, "receivedBytes": 0, "sent": 0, "sentBytes": 0}
          ],
          "drops": [
            {"filter": "router", "reason": "token_unknown", "count": 1234},
            {"filter": "a", "reason": "packet_size", "count": 17},
            {"filter": "proxy", "reason": "session_limit", "count": 17}
          ],
          "handOvers": [
            {"cause": "mtu", "count": 70},
            {"cause": "no_session", "count": 5}
          ]
        }
        """)
  }
}

extension String {
  /// The text with another line in the place of that which begins so.
  fileprivate func replacingLine(_ start: String, by line: String) -> String {
    split(separator: "\n").map { $0.hasPrefix(start) ? line : String($0) }.joined(separator: "\n")
  }
}
