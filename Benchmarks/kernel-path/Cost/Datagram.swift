/// A UDP datagram over IPv4 in an Ethernet frame of 142 bytes: 100 of payload.
struct Datagram {
  private(set) var bytes: [UInt8]

  static let payloadSize = 100
  private static let headers = 42

  /// - Parameter suffix: what the payload ends with.
  init(suffix: [UInt8]) {
    let payload = (0..<Self.payloadSize - suffix.count).map { UInt8($0) } + suffix
    let size = UInt16(payload.count + 8)
    let addresses: [UInt8] = [10, 0, 0, 9, 10, 0, 0, 1]
    var ip: [UInt8] = [0x45, 0] + Self.big(size + 20) + [0x12, 0x34, 0x40, 0, 64, 17, 0, 0] + addresses
    ip.replaceSubrange(10..<12, with: Self.big(~Self.sum(ip)))
    var udp = Self.big(5_000) + Self.big(7_777) + Self.big(size) + [0, 0] + payload
    udp.replaceSubrange(6..<8, with: Self.big(~Self.sum(addresses + [0, 17] + Self.big(size) + udp)))
    bytes = [UInt8](repeating: 0, count: 12) + [8, 0] + ip + udp
  }

  /// The same from another client and with another token of 16 bytes in front of the last byte. Its checksums stay behind: both
  /// programs go on from what is there.
  mutating func setClient(_ number: UInt32, token: [UInt8]) {
    bytes.replaceSubrange(26..<30, with: Self.address(ofClient: number))
    bytes.replaceSubrange(Self.headers + Self.payloadSize - 17..<Self.headers + Self.payloadSize - 1, with: token)
  }

  /// The address of a client: 11.x.y.z, from port 5000 as all.
  private static func address(ofClient number: UInt32) -> [UInt8] {
    Self.big(UInt16(11 << 8 | number >> 16)) + big(UInt16(truncatingIfNeeded: number))
  }

  private static func big(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] }

  private static func sum(_ bytes: [UInt8]) -> UInt16 {
    var sum = 0
    for (index, byte) in bytes.enumerated() { sum += index % 2 == 0 ? Int(byte) << 8 : Int(byte) }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return UInt16(sum)
  }
}
