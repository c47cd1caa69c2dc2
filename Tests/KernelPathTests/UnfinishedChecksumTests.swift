import FilterKit
import KernelPath
import TestNetwork
import Testing

/// Senders that leave the UDP checksum to hardware, before a network that wants it right.
///
/// Virtual links hand such frames over unfinished, and their receivers do not look. So the server is behind a router that finishes
/// what is unfinished, as the hardware of a network would, and a link whose receiver looks.
@Suite(.requiresNamespaces, .serialized) struct UnfinishedChecksumTests {
  private static let server = "10.4.0.2:9000"

  private final class Network {
    let base: TwoCables
    let server: NetworkNamespace

    init() throws {
      base = try TwoCables()
      server = try NetworkNamespace()
      let router = base.server
      try router.link(to: server, name: "far")
      try router.addAddress("10.4.0.1/24", to: "far")
      try server.addAddress("10.4.0.2/24")
      try router.set("net/ipv4/ip_forward", to: "1")
      try base.proxy.addRoute("10.4.0.0/24", via: "10.2.0.2")
      try server.addRoute("default", via: "10.4.0.1")
      try router.setSendChecksums(offloaded: false, of: "far")
    }
  }

  @Test(arguments: [("suffix", true, true), ("suffix", false, true), ("prefix", true, false), ("prefix", false, true)])
  func theServerGetsThemRight(affix: String, offloaded: Bool, byKernel: Bool) throws {
    let network = try Network()
    try network.base.client.setSendChecksums(offloaded: offloaded)
    let filters = "[{name: Capture, config: {\(affix): {size: 3, remove: true}}}]"
    let proxy = try LiveProxy(filters, [Self.server: []], network: network.base)
    let client = try UDPSocket(bind: "10.1.0.2:5000", in: network.base.client)
    let server = try UDPSocket(bind: SocketAddress(literal: Self.server), in: network.server)
    for number in 0..<20 {
      let text = affix == "suffix" ? "packet \(number)abc" : "abcpacket \(number)"
      try client.send(Array(text.utf8), to: LiveProxy.listener)
      let packet = try #require(try server.receive())
      #expect(packet.bytes == Array("packet \(number)".utf8))
      // And back.
      try server.send(packet.bytes, to: packet.source)
      #expect(try client.receive()?.bytes == packet.bytes)
    }
    let sent = proxy.total("proxy_packets_sent_total", ["direction": "read", "path": "kernel"])
    #expect(sent == (byKernel ? 19 : 0))
    #expect(proxy.total("proxy_hand_overs_total", ["cause": "checksum"]) == (byKernel ? 0 : 19))
  }
}
