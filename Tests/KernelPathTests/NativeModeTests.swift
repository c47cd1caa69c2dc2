import FilterKit
import KernelPath
import TestNetwork
import Testing

/// The program in the driver of veth interfaces, whose other ends have a program too.
@Suite(.requiresNamespaces, .requiresPrograms, .serialized) struct NativeModeTests {
  /// With `leavesChecksums` the hosts leave the UDP checksum to hardware that is not there: a frame then has only the sum of the
  /// pseudo header, and nobody but the program can put it right.
  @Test(arguments: [false, true]) func itCarriesSessionsInTheDriver(leavesChecksums: Bool) throws {
    var peers: [PassProgram] = []
    let addresses = ["10.1.0.3:9000", "10.3.0.2:9000", "[fd03::2]:9000", "[fd04::2]:9000"]
    let paths = try LivePaths(addresses, mode: .native) { network in
      for (namespace, interface) in [(network.switch, "proxy"), (network.router, "near"), (network.six, "eth0")] {
        peers.append(try PassProgram(on: interface, of: namespace))
      }
      for host in [network.client, network.near, network.far, network.six] where !leavesChecksums {
        try host.setSendChecksums(offloaded: false)
      }
    }
    defer { withExtendedLifetime(peers) {} }
    let network = paths.network
    #expect(paths.kernel.attached == ["front (native)", "back (native)", "six (native)"])
    let servers = try zip(addresses, [network.near, network.far, network.far, network.six]).map {
      try UDPSocket(bind: $0, in: $1)
    }
    for family in Player.Family.allCases {
      let player = try Player(family, in: network)
      for (number, server) in servers.enumerated() {
        let before = paths.bySockets
        #expect(try player.exchange(0..<20, with: server, number: number).count == 1)
        #expect(paths.bySockets - before <= 2, "from \(family) to \(addresses[number])")
      }
    }
  }
}
