import FilterKit
import SocketPath
import TestNetwork
import Testing

@Suite(.requiresNamespaces) struct StartTests {
  @Test func anAddressThatIsTakenIsSaid() throws {
    let first = try Proxy(endpoints: [])
    #expect(throws: SocketPathError.addressInUse(first.address)) { try Proxy(endpoints: [], in: first.namespace) }
    #expect(
      SocketPathError.addressInUse(first.address).description
        == "cannot listen on 192.0.2.1:7777: another program, or another proxy, has this address; "
        + "stop it or choose another with --listen")
  }

  @Test func anAddressOfAnotherMachineIsSaid() throws {
    let address = SocketAddress(literal: "203.0.113.1:7777")
    #expect(throws: SocketPathError.addressNotHere(address)) { try Proxy(endpoints: []) { $0.listen = address } }
  }

  @Test func port0IsChosenByTheKernelForBothFamilies() throws {
    let proxy = try Proxy(endpoints: []) { $0.listen = SocketAddress(literal: "[::]:0") }
    #expect(proxy.path.listening.count == 2)
    #expect(proxy.path.listening[0].port > 0)
    #expect(proxy.path.listening[0].port == proxy.path.listening[1].port)
  }

  @Test func withoutIPv6BothMeansIPv4() throws {
    let namespace = try Proxy.network()
    try namespace.set("net/ipv6/conf/all/disable_ipv6", to: "1")
    // Where IPv6 is off, its unspecified address can still be bound; what counts is that IPv4 is served.
    let proxy = try Proxy(endpoints: ["198.51.100.200:9000"], in: namespace) {
      $0.listen = SocketAddress(literal: "[::]:7777")
    }
    let echo = try proxy.echo("198.51.100.200:9000")
    let client = try proxy.client()
    try client.send([1], to: SocketAddress(literal: "192.0.2.1:7777"))
    #expect(try client.receive()?.bytes == [1])
    withExtendedLifetime(echo) {}
  }
}
