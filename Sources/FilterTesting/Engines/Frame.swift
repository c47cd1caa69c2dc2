package import FilterKit

/// A UDP datagram in an Ethernet frame, as bytes: written for the program, and read back with all its checksums proven.
package struct Frame: Equatable {
  package var source: SocketAddress
  package var destination: SocketAddress
  package var payload: [UInt8]
  package var ttl: UInt8 = 64
  package var trafficClass: UInt8 = 0
  /// IPv4 only: the identification, and the flags with the fragment's offset.
  package var identification: UInt16 = 0x1234
  package var flags: UInt16 = 0x4000
  package var sourceMAC: [UInt8] = [2, 0, 0, 0, 0, 1]
  package var destinationMAC: [UInt8] = [2, 0, 0, 0, 0, 2]
  /// Written instead of the right checksum.
  package var checksum: UInt16?

  package init(from source: SocketAddress, to destination: SocketAddress, _ payload: [UInt8]) {
    self.source = source
    self.destination = destination
    self.payload = payload
  }

  private var isV4: Bool { destination.ip.isV4 }

  package var bytes: [UInt8] {
    let size = UInt16(payload.count + 8)
    var udp = source.port.bytes + destination.port.bytes + size.bytes + [0, 0] + payload
    let computed = ~Self.sum(pseudoHeader(size) + udp)
    let written = checksum ?? (computed == 0 ? 0xffff : computed)
    udp[6...7] = written.bytes[...]
    return destinationMAC + sourceMAC + (isV4 ? [8, 0] : [0x86, 0xdd]) + ipHeader(size) + udp
  }

  /// The checksum of UDP as it is written.
  package var udpChecksum: ArraySlice<UInt8> { bytes[(isV4 ? 40 : 60)...].prefix(2) }
  /// What a sender leaves in its place that has hardware compute it.
  package var pseudoHeaderSum: UInt16 { Self.sum(pseudoHeader(UInt16(payload.count + 8))) }

  /// What a sender writes that leaves the checksum to hardware: the pseudo header's sum.
  package var unfinishedChecksum: UInt16 { Self.sum(pseudoHeader(UInt16(payload.count + 8))) }

  private func ipHeader(_ size: UInt16) -> [UInt8] {
    guard isV4 else {
      return [0x60 | trafficClass >> 4, trafficClass << 4, 0, 0] + size.bytes + [17, ttl] + source.ip.bytes
        + destination.ip.bytes
    }
    var header = [0x45, trafficClass] + (size + 20).bytes + identification.bytes + flags.bytes + [ttl, 17, 0, 0]
    header += source.ip.bytes + destination.ip.bytes
    header[10...11] = (~Self.sum(header)).bytes[...]
    return header
  }

  private func pseudoHeader(_ size: UInt16) -> [UInt8] {
    source.ip.bytes + destination.ip.bytes + [0, 17] + size.bytes
  }

  /// What is wrong with a frame.
  package struct Problem: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
  }

  /// Reads a frame that holds nothing but the datagram. Every length and checksum must be right.
  package init(reading bytes: [UInt8]) throws(Problem) {
    guard bytes.count >= 42 else { throw Problem("the frame has \(bytes.count) bytes") }
    let isV4 = bytes[12...13] == [8, 0]
    guard isV4 || bytes[12...13] == [0x86, 0xdd] else { throw Problem("the frame is not IP") }
    let ip = Array(bytes[14..<(isV4 ? 34 : 54)])
    let udp = Array(bytes[(14 + ip.count)...])
    guard udp.count >= 8 else { throw Problem("the UDP header is cut") }
    let size = UInt16(bytes: udp[4...5])
    let claimed = isV4 ? Int(UInt16(bytes: ip[2...3])) - 20 : Int(UInt16(bytes: ip[4...5]))
    guard Int(size) == udp.count, claimed == udp.count else {
      throw Problem("UDP says \(size) bytes, IP says \(claimed), the frame has \(udp.count)")
    }
    if isV4, Self.sum(ip) != 0xffff { throw Problem("the checksum of the IPv4 header is wrong") }
    self.init(
      from: SocketAddress(
        isV4 ? IPAddress(bytes: ip[12...15]) : IPAddress(bytes: ip[8...23]), port: UInt16(bytes: udp[0...1])),
      to: SocketAddress(
        isV4 ? IPAddress(bytes: ip[16...19]) : IPAddress(bytes: ip[24...39]), port: UInt16(bytes: udp[2...3])),
      Array(udp[8...]))
    if isV4 { (identification, flags) = (UInt16(bytes: ip[4...5]), UInt16(bytes: ip[6...7])) }
    ttl = isV4 ? ip[8] : ip[7]
    trafficClass = isV4 ? ip[1] : ip[0] << 4 | ip[1] >> 4
    destinationMAC = Array(bytes[0..<6])
    sourceMAC = Array(bytes[6..<12])
    let found = UInt16(bytes: udp[6...7])
    if found == 0 {
      guard isV4 else { throw Problem("IPv6 without a UDP checksum") }
      checksum = 0
    } else if Self.sum(pseudoHeader(size) + udp) != 0xffff {
      throw Problem("the UDP checksum is wrong")
    }
  }

  /// The ones' complement sum (RFC 1071).
  package static func sum(_ bytes: [UInt8]) -> UInt16 {
    bytes.withUnsafeBytes { bytes in
      // In words of four bytes, since 2^16 counts as 1.
      var sum: UInt64 = 0
      var place = 0
      while place + 4 <= bytes.count {
        sum &+= UInt64(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        place &+= 4
      }
      for index in place..<bytes.count { sum &+= UInt64(bytes[index]) << (index % 2 == 0 ? 8 : 0) }
      while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
      return UInt16(sum)
    }
  }
}

extension UInt16 {
  package var bytes: [UInt8] { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)] }
  package init(bytes: ArraySlice<UInt8>) { self = UInt16(bytes.first!) << 8 | UInt16(bytes.last!) }
}

extension IPAddress {
  /// The address as it stands in its family's header.
  package var bytes: [UInt8] {
    let all = [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    return isV4 ? Array(all.suffix(4)) : all
  }

  package init(bytes: ArraySlice<UInt8>) {
    func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
    self =
      bytes.count == 4
      ? IPAddress(v4: UInt32(number(bytes))) : IPAddress(high: number(bytes.prefix(8)), low: number(bytes.suffix(8)))
  }
}
