import FilterKit
import TestNetwork
import Testing

/// Forwarding a packet allocates nothing, and retains and releases next to nothing. This is what keeps the proxy as fast as C.
@Suite(.requiresNamespaces, .requiresReleaseBuild, .serialized) struct ForwardingAllocationTests {
  // Version byte, token of 16 bytes, route: the chain of the benchmark.
  private static func configuration(server: SocketAddress) -> String {
    """
    version: v1alpha1
    filters:
      - name: Capture
        config: {metadataKey: version, suffix: {size: 1, remove: true}}
      - name: Match
        config:
          on_read: {metadataKey: version, branches: [{value: 1, name: Pass}], fallthrough: {name: Drop}}
      - name: Capture
        config: {suffix: {size: 16, remove: true}}
      - name: TokenRouter
    clusters:
      - endpoints:
          - address: \(server)
            metadata: {quilkin.dev: {tokens: [MDEyMzQ1Njc4OWFiY2RlZg==]}}

    """
  }

  private static let payload = Array("payload".utf8)
  private static let datagram = payload + Array("0123456789abcdef".utf8) + [1]

  @Test func `nothing is allocated for a packet`() throws {
    let network = try NetworkNamespace()
    let server = try EchoServer(bind: "127.0.0.1:9001", in: network)
    let client = try UDPSocket(bind: "127.0.0.1:0", in: network)
    let listener = SocketAddress(literal: "127.0.0.1:7777")
    let counter = try AllocationCounter()
    let file = try counter.directory.write(Self.configuration(server: server.address), to: "proxy.yaml")
    let proxy = try ChildProcess(
      try ReleaseBuild.proxy.get(),
      ["--config", file, "--listen", listener.description, "--workers", "1", "--no-admin"],
      environment: counter.environment, in: network)
    try proxy.awaitLine(containing: "listening")

    // What is made once is made here: the session, the tables, the buffers.
    let (bursts, burst) = (100, 100)
    try forward(bursts: bursts, of: burst, from: client, through: proxy, at: listener)
    let before = try counter.counts()
    try forward(bursts: bursts, of: burst, from: client, through: proxy, at: listener)
    let difference = try counter.counts() - before

    // Otherwise the runtime was out of the counter's sight.
    #expect(before.objects > 0)
    // Timers may allocate, and tick more often where the machine is slow; packets may not, nor their batches, of which a burst has at
    // least one there and one back.
    #expect(difference.allocations < bursts, "\(difference)")
    let packets = Double(2 * bursts * burst)
    #expect(Double(difference.retains + difference.releases) / packets <= 0.1, "\(difference)")
  }

  /// Sends bursts, each while the proxy stands still: it finds them in its queue and takes them as batches. Awaits every echo.
  private func forward(
    bursts: Int, of burst: Int, from client: UDPSocket, through proxy: ChildProcess, at listener: SocketAddress
  ) throws {
    for _ in 0..<bursts {
      try proxy.pause()
      for _ in 0..<burst { try client.send(Self.datagram, to: listener) }
      try proxy.resume()
      for _ in 0..<burst { try #require(try client.receive()?.bytes == Self.payload) }
    }
  }
}
