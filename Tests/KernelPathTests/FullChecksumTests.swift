import CDataPath
import FilterKit
import FilterTesting
import Filters
import KernelPath
import ProxyConfiguration
import Testing

/// The program where it computes every checksum in full, because a sender may have left it to hardware that is not there.
@Suite(.requiresPrograms) struct FullChecksumTests {
  private static let listeners = KernelRun.listeners
  private static let hop = KernelRoute.Hop(mac: [2, 0, 0, 0, 0, 7], interface: 0, mtu: 1500)

  /// A program without filters, with a session between the client and the server.
  private func program(client: SocketAddress, server: SocketAddress) throws -> KernelProgram {
    let configuration = try ConfigurationFile.read(
      "version: v1alpha1", file: "test.yaml", registry: .builtin, metrics: Metrics())
    var out = interface()
    out.index = 1
    let program = try KernelProgram(
      image(
        ChainPlan(configuration.chain), addresses: Self.listeners, port: 7777, interfaces: [out], hopLifetime: .max,
        needsFullChecksums: true), in: configuration.chain.program)
    try program.maps.setEndpoints([0])
    let proxy = SocketAddress(KernelRun.proxies[server.ip.isV4 ? 0 : 1], port: 50_000)
    try program.maps.setRoute(client: client, endpoint: 0, KernelRoute(from: proxy, to: server, hop: Self.hop))
    return program
  }

  @Test(arguments: ["192.0.2.9:5000", "[2001:db8::9]:5000"], ["198.51.100.7:9000", "[2001:db8:1::7]:9000"])
  func aChecksumThatIsZeroIsOneAllTheSame(client: String, server: String) throws {
    let (client, server) = (try SocketAddress(client), try SocketAddress(server))
    let program = try program(client: client, server: server)
    let listener = SocketAddress(Self.listeners[client.ip.isV4 ? 0 : 1], port: 7777)
    var frame = Frame(from: client, to: listener, [0, 0] + Array("payload".utf8))
    // What the checksum is now, put into the payload, makes it 0, which is sent as 0xffff (RFC 768).
    frame.payload.replaceSubrange(0..<2, with: frame.udpChecksum)
    #expect(frame.udpChecksum == [0xff, 0xff])
    // Also where the sender left only the pseudo header's sum there.
    for written in [nil, frame.unfinishedChecksum] {
      frame.checksum = written
      let result = try program.run(frame.bytes)
      #expect(result.action == 3)
      let out = try Frame(reading: result.frame)
      #expect(out.payload == frame.payload)
      #expect(out.checksum == nil, "it has a checksum")
    }
  }
}
