import CDataPath
import FilterKit
import FilterTesting

/// A frame that the program must leave to the sockets as it came.
struct OddFrame: Sendable {
  let name: String
  /// The frame that it is made of: a place in `TrialBench.ways`.
  let way: Int
  /// What it is counted as; nil where it is not for the proxy.
  let cause: hand_over?
  let edit: @Sendable (inout [UInt8]) -> Void

  /// Its way's frame with a payload of 100 bytes, and then its change.
  var bytes: [UInt8] {
    var bytes = TrialBench.ways[way].comes(Self.payload).bytes
    edit(&bytes)
    return bytes
  }

  static let payload = TrialBench.bytes(99) + [1]

  private init(_ name: String, _ way: Int, _ cause: hand_over?, _ edit: @escaping @Sendable (inout [UInt8]) -> Void) {
    (self.name, self.way, self.cause, self.edit) = (name, way, cause, edit)
  }

  /// The frames of an IPv4 client, of an IPv6 client, and of a reply over IPv4.
  private static let (v4, v6, v4ToV6, v6ToV4, reply) = (0, 1, 2, 3, 4)
  private static let (ip, udp, v6UDP) = (14, 34, 54)

  static let table: [OddFrame] = other + addresses + ipv4 + ipv6 + lifetimes + checksums

  /// Protocols that are not UDP over IP, straight in Ethernet.
  private static let other = [
    OddFrame("ARP", v4, nil) { $0.put(0x0806, at: 12) },
    OddFrame("802.3 length instead of a type", v4, nil) { $0.put(100, at: 12) },
    OddFrame("VLAN tag", v4, nil) { $0.insert(contentsOf: [0x81, 0, 0, 5], at: 12) },
    OddFrame("VLAN tag over IPv6", v6, nil) { $0.insert(contentsOf: [0x81, 0, 0, 5], at: 12) },
    OddFrame("two VLAN tags", v4, nil) { $0.insert(contentsOf: [0x88, 0xa8, 0, 5, 0x81, 0, 0, 6], at: 12) },
    OddFrame("IPv4 that is called IPv6", v4, nil) { $0.put(0x86dd, at: 12) },
    OddFrame("IPv6 that is called IPv4", v6, nil) { $0.put(0x0800, at: 12) },
    OddFrame("TCP", v4, nil) { $0[ip + 9] = 6 },
    OddFrame("UDP-Lite", v4, nil) { $0[ip + 9] = 136 },
    OddFrame("ICMP", v4, nil) { $0[ip + 9] = 1 },
    OddFrame("TCP over IPv6", v6, nil) { $0[ip + 6] = 6 },
    OddFrame("ICMPv6", v6, nil) { $0[ip + 6] = 58 },
    OddFrame("TCP to the port of a session", reply, nil) { $0[ip + 9] = 6 },
  ]

  private static let addresses = [
    OddFrame("foreign address", v4, nil) { $0[ip + 19] = 2 },
    OddFrame("foreign port", v4, nil) { $0.put(7778, at: udp + 2) },
    OddFrame("foreign IPv6 address", v6, nil) { $0[ip + 39] = 7 },
    OddFrame("foreign IPv6 network", v6, nil) { $0[ip + 24] = 0xfc },
    OddFrame("foreign IPv6 port", v6, nil) { $0.put(7778, at: v6UDP + 2) },
    OddFrame("unknown client", v4, HAND_OVER_NO_SESSION) { $0[ip + 15] = 8 },
    OddFrame("unknown port of a client", v4, HAND_OVER_NO_SESSION) { $0.put(5999, at: udp) },
    OddFrame("unknown IPv6 client", v6, HAND_OVER_NO_SESSION) { $0[ip + 23] = 8 },
    OddFrame("reply to an unknown port", reply, nil) { $0.put(40_009, at: udp + 2) },
    OddFrame("reply from an unknown port", reply, nil) { $0.put(9009, at: udp) },
    OddFrame("reply from an unknown server", reply, nil) { $0[ip + 15] = 77 },
    OddFrame("reply to another address of the proxy", reply, nil) { $0[ip + 19] = 2 },
  ]

  private static let ipv4 = [
    OddFrame("IP options", v4, HAND_OVER_IP_OPTIONS) {
      $0[ip] = 0x46
      $0.put(100 + 32, at: ip + 2)
      $0.insert(contentsOf: [1, 1, 1, 1], at: udp)
    },
    OddFrame("IP options that are not there", v4, HAND_OVER_IP_OPTIONS) { $0[ip] = 0x4f },
    OddFrame("IP options in a reply", reply, HAND_OVER_IP_OPTIONS) { $0[ip] = 0x46 },
    OddFrame("IP options to a foreign address", v4, nil) {
      $0[ip] = 0x46
      $0[ip + 19] = 2
    },
    OddFrame("IP header too short", v4, HAND_OVER_IP_OPTIONS) { $0[ip] = 0x44 },
    OddFrame("IP version 6 in IPv4", v4, HAND_OVER_IP_OPTIONS) { $0[ip] = 0x65 },
    OddFrame("first fragment", v4, HAND_OVER_FRAGMENT) { $0.put(0x2000, at: ip + 6) },
    OddFrame("middle fragment", v4, HAND_OVER_FRAGMENT) { $0.put(0x2010, at: ip + 6) },
    OddFrame("last fragment", v4, HAND_OVER_FRAGMENT) { $0.put(0x0010, at: ip + 6) },
    OddFrame("last fragment with the largest offset", v4, HAND_OVER_FRAGMENT) { $0.put(0x1fff, at: ip + 6) },
    OddFrame("fragment of a reply", reply, HAND_OVER_FRAGMENT) { $0.put(0x2000, at: ip + 6) },
    OddFrame("fragment for a foreign address", v4, nil) {
      $0.put(0x2000, at: ip + 6)
      $0[ip + 19] = 2
    },
  ]

  private static let ipv6 =
    [
      (0, "hop-by-hop options"), (43, "routing header"), (44, "fragment header"), (51, "authentication header"),
      (60, "destination options"), (59, "no next header"),
    ].map { next, name in
      OddFrame(name, v6, nil) {
        $0[ip + 6] = UInt8(next)
        $0.put(116, at: ip + 4)
        $0.insert(contentsOf: [17, 0, 1, 4, 0, 0, 0, 0], at: v6UDP)
      }
    } + [OddFrame("IP version 4 in IPv6", v6, nil) { $0[ip] = 0x45 }]

  private static let lifetimes: [OddFrame] = TrialBench.ways.indices.flatMap { way in
    let place = TrialBench.ways[way].comes.source.ip.isV4 ? ip + 8 : ip + 7
    return [UInt8(0), 1].map { ttl in
      OddFrame("TTL \(ttl), \(TrialBench.ways[way].name)", way, HAND_OVER_TTL) { $0[place] = ttl }
    }
  }

  /// Without a checksum, where IPv6 is on a side.
  private static let checksums = TrialBench.ways.indices.filter { TrialBench.ways[$0].needsChecksum }.map { way in
    let place = TrialBench.ways[way].comes.source.ip.isV4 ? udp + 6 : v6UDP + 6
    return OddFrame("no checksum, \(TrialBench.ways[way].name)", way, HAND_OVER_NO_CHECKSUM) { $0.put(0, at: place) }
  }
}

extension [UInt8] {
  /// Writes a number in network order.
  mutating func put(_ number: Int, at place: Int) {
    self[place] = UInt8(number >> 8)
    self[place + 1] = UInt8(number & 0xff)
  }
}
