import CDataPath
import FilterKit
import FilterTesting
import Glibc
import KernelPath
import TestNetwork
import Testing

/// Next hops that the program looks up in the kernel's tables, in a network whose tables the test writes.
@Suite(.requiresNamespaces) struct TrialNextHopTests {
  private final class Fixture {
    let namespace: NetworkNamespace
    let far: NetworkNamespace
    let bench: TrialBench

    /// The proxy with a cable `near`, to which the program is attached as far as it knows, and one that it knows nothing of.
    init() throws {
      namespace = try NetworkNamespace()
      far = try NetworkNamespace()
      try namespace.link(to: far, name: "near", peerName: "eth0")
      try namespace.link(to: far, name: "other", peerName: "eth1")
      for address in ["10.0.0.1/24", "fd00::1/64"] { try namespace.addAddress(address, to: "near") }
      for address in ["10.3.0.1/24", "fd03::1/64"] { try namespace.addAddress(address, to: "other") }
      let index = try namespace.run { if_nametoindex("near") }
      bench = try namespace.run { try TrialBench(interfaces: [1, 0, 0, index], hopLifetime: 100_000, hop: nil) }
      try bench.program.maps.setInterface(3, index: index)
    }

    func check(_ name: String, _ way: TrialBench.Way, _ expected: TrialBench.Expectation) throws {
      try namespace.run { try bench.check(name, way.comes([1, 2, 3]).bytes, expected) }
    }

    func setForwarding(_ value: String) throws {
      for family in ["ipv4", "ipv6"] { try namespace.set("net/\(family)/conf/lo/forwarding", to: value) }
    }

    func setNeighbours(_ mac: String) throws {
      for address in ["10.0.0.5", "fd00::5", "10.0.0.9", "fd00::9"] {
        try namespace.ip("neigh", "replace", address, "lladdr", mac, "dev", "near")
      }
    }
  }

  @Test func theKernelsTablesDecide() throws {
    let fixture = try Fixture()
    try fixture.setForwarding("0")
    for way in TrialBench.ways { try fixture.check("look-ups refused", way, .handedOver(HAND_OVER_NO_LOOK_UP)) }
    try fixture.setForwarding("1")
    for way in TrialBench.ways { try fixture.check("no neighbour", way, .handedOver(HAND_OVER_NO_NEIGHBOUR)) }
    try fixture.setNeighbours("04:04:04:04:04:04")
    for way in TrialBench.ways { try fixture.check("looked up", way, .redirected(way.leaves([1, 2, 3]))) }
    // The program keeps what it found for as long as it is told to.
    try fixture.setNeighbours("04:04:04:04:04:05")
    for way in TrialBench.ways { try fixture.check("kept", way, .redirected(way.leaves([1, 2, 3]))) }
    for way in TrialBench.reads {
      let entry = try #require(
        fixture.bench.program.maps.route(client: way.comes.source, endpoint: TrialBench.endpoint))
      #expect(entry.mtu == 1500)
      #expect(entry.last_seen > 0)
    }
  }

  @Test func theLinkSaysTheMTU() throws {
    let fixture = try Fixture()
    try fixture.setForwarding("1")
    try fixture.setNeighbours("04:04:04:04:04:04")
    try fixture.namespace.ip("link", "set", "near", "mtu", "1300")
    for way in TrialBench.ways {
      let payload = TrialBench.bytes(1300 - (way.leaves.source.ip.isV4 ? 28 : 48) + 1)
      try fixture.namespace.run {
        try fixture.bench.check("over", way.comes(payload).bytes, .handedOver(HAND_OVER_MTU))
        let fits = Array(payload.dropLast())
        try fixture.bench.check("fits", way.comes(fits).bytes, .redirected(way.leaves(fits)))
      }
    }
  }

  @Test(arguments: [
    ("nowhere", "10.9.0.5:9000", "[fd09::5]:9000"),
    ("over an interface without the program", "10.3.0.5:9000", "[fd03::5]:9000"),
    ("this host", "10.0.0.1:9000", "[fd00::1]:9000"),
  ])
  func noRoute(_ name: String, v4: String, v6: String) throws {
    let fixture = try Fixture()
    try fixture.setForwarding("1")
    for address in ["10.3.0.5", "fd03::5"] {
      try fixture.namespace.ip("neigh", "replace", address, "lladdr", "04:04:04:04:04:04", "dev", "other")
    }
    for way in TrialBench.ways {
      var leaves = way.leaves
      leaves.destination = try SocketAddress(leaves.source.ip.isV4 ? v4 : v6)
      try fixture.bench.open(
        TrialBench.Way(name: way.name, direction: way.direction, comes: way.comes, leaves: leaves), nil)
      try fixture.check("\(name), \(way.name)", way, .handedOver(HAND_OVER_NO_ROUTE))
    }
  }
}
