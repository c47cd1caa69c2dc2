import FilterKit
import Glibc
import TestNetwork
import Testing

/// Endpoints by name, asked of a real name server.
@Suite("Endpoints' names", .requiresNamespaces, .serialized) struct EndpointNameTests {
  @Test(
    "A name that moves takes the packets with it, and one that nobody knows any more stays", arguments: ["run", "ebpf"])
  func moves(command: String) throws {
    let network = try ProxyNetwork()
    let servers = [
      try EchoServer(bind: "10.3.0.2:9000", in: network.far), try EchoServer(bind: "10.1.0.3:9000", in: network.near),
    ]
    let names = try NameServer(servers[0].address.ip, in: network.proxy)
    let folder = try TemporaryDirectory()
    let file = try folder.write(
      "version: v1alpha1\nclusters: [{endpoints: [{address: 'game.example.com:9000'}]}]\n", to: "proxy.yaml")
    let proxy = try ProxyProcess(
      command, configuration: file, listen: "10.1.0.1:7777", files: names.files, in: network.proxy)
    let client = try UDPSocket(bind: "10.1.0.2:0", in: network.client)
    /// Sends datagrams and takes their echoes.
    func exchange(with number: Int) throws {
      let before = servers.map(\.received)
      for datagram in 0..<5 {
        try client.send("\(datagram)".utf8, to: proxy.address)
        #expect(try client.receive()?.bytes == Array("\(datagram)".utf8))
      }
      #expect(servers[number].received == before[number] + 5)
      #expect(servers[1 - number].received == before[1 - number])
    }
    try exchange(with: 0)

    names.address = servers[1].address.ip
    try proxy.process.signal(SIGHUP)
    try proxy.process.awaitLine(containing: "the endpoints of game.example.com moved from 10.3.0.2 to 10.1.0.3")
    try proxy.process.awaitLine(containing: "packets go to the new addresses")
    try exchange(with: 1)

    names.address = nil
    try proxy.process.signal(SIGHUP)
    try proxy.process.awaitLine(containing: "game.example.com cannot be looked up: ")
    try exchange(with: 1)
    #expect(try proxy.metric(#"proxy_endpoint_lookups_total{result="failed"}"#) == 1)
    #expect(try proxy.metric(#"proxy_endpoint_lookups_total{result="good"}"#) == 2)
    if command == "ebpf" {
      #expect(try proxy.metric(#"proxy_packets_sent_total{direction="read",path="kernel"}"#) > 0)
    }
    try proxy.stop()
  }
}
