public import PacketKit

extension IPAddress: CustomStringConvertible {
  /// Reads an IPv4 address in four decimal numbers, or an IPv6 address (RFC 4291, 2.2), without brackets and zone.
  ///
  /// An IPv4 number with a leading zero is refused: some readers take it for octal.
  public init(_ text: String) throws(AddressError) {
    var text = text
    let result: Result<IPAddress, AddressTextFlaw> = text.withUTF8 { utf8 in
      do throws(AddressTextFlaw) {
        return .success(utf8.contains(colon) ? try readV6(utf8[...]) : IPAddress(v4: try readV4(utf8[...])))
      } catch { return .failure(error) }
    }
    switch result {
    case .success(let address): self = address
    case .failure(let flaw): throw AddressError(text, "is not an IP address: \(flaw.description)")
    }
  }

  /// The IPv4 form, or the canonical IPv6 form (RFC 5952).
  public var description: String {
    if isV4 { return "\(v4 >> 24).\(v4 >> 16 & 0xff).\(v4 >> 8 & 0xff).\(v4 & 0xff)" }
    // With its types written out: the compiler took seconds to find them.
    let groups = (0..<8).map { (group: Int) -> UInt16 in
      let half = group < 4 ? high : low
      return UInt16(truncatingIfNeeded: half >> UInt64(48 - group % 4 * 16))
    }
    let zeros = Self.longestZeros(groups)
    let text = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
    return zeros.isEmpty
      ? text(groups[...]) : text(groups[..<zeros.lowerBound]) + "::" + text(groups[zeros.upperBound...])
  }

  /// The first of the longest runs of two zeros or more (RFC 5952, 4.2).
  private static func longestZeros(_ groups: [UInt16]) -> Range<Int> {
    var best = 0..<0
    var start = 0
    while start < groups.count {
      var end = start
      while end < groups.count, groups[end] == 0 { end += 1 }
      if end - start >= 2, end - start > best.count { best = start..<end }
      start = end + 1
    }
    return best
  }
}

/// What is wrong with the text of an IP address.
private struct AddressTextFlaw: Error {
  let description: String
  init(_ description: String) { self.description = description }
}

private let colon = UInt8(ascii: ":")
private let dot = UInt8(ascii: ".")
private let percent = UInt8(ascii: "%")
private typealias Text = Slice<UnsafeBufferPointer<UInt8>>

private func readV4(_ text: Text) throws(AddressTextFlaw) -> UInt32 {
  guard !text.isEmpty else { throw AddressTextFlaw("it is empty") }
  let parts = text.split(separator: dot, omittingEmptySubsequences: false)
  guard parts.count == 4 else { throw AddressTextFlaw("IPv4 has four numbers with dots between them") }
  var number: UInt32 = 0
  for part in parts {
    guard !part.isEmpty, part.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
      throw AddressTextFlaw("IPv4 has four numbers with dots between them")
    }
    guard part.count == 1 || part.first != UInt8(ascii: "0") else {
      throw AddressTextFlaw("a number has a leading zero")
    }
    let value = part.count > 3 ? 256 : part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
    guard value <= 255 else { throw AddressTextFlaw("a number is over 255") }
    number = number << 8 | value
  }
  return number
}

private func readV6(_ text: Text) throws(AddressTextFlaw) -> IPAddress {
  guard !text.contains(percent) else { throw AddressTextFlaw("an interface ('%…') does not belong here") }
  var front: [UInt16] = []
  var back: [UInt16]?
  var rest = text
  if rest.starts(with: [colon, colon]) {
    back = []
    rest = rest.dropFirst(2)
  }
  while !rest.isEmpty {
    let group = rest.prefix { $0 != colon }
    rest = rest[group.endIndex...]
    let groups: [UInt16]
    if group.contains(dot) {
      guard rest.isEmpty else { throw AddressTextFlaw("an IPv4 part may only stand at the end") }
      let number = try readV4(group)
      groups = [UInt16(number >> 16), UInt16(truncatingIfNeeded: number)]
    } else {
      groups = [try readGroup(group)]
    }
    if back == nil { front += groups } else { back! += groups }
    guard front.count + (back?.count ?? 0) <= 8 else { throw AddressTextFlaw("IPv6 has eight groups, here are more") }
    guard !rest.isEmpty else { break }
    rest = rest.dropFirst()
    if rest.first == colon {
      guard back == nil else { throw AddressTextFlaw("'::' stands in it twice") }
      back = []
      rest = rest.dropFirst()
    } else if rest.isEmpty {
      throw AddressTextFlaw("it ends with a single ':'")
    }
  }
  let count = front.count + (back?.count ?? 0)
  guard back != nil || count == 8 else { throw AddressTextFlaw("IPv6 has eight groups, here are \(count)") }
  guard back == nil || count < 8 else {
    throw AddressTextFlaw("'::' stands for nothing, there are eight groups without it")
  }
  let groups = front + Array(repeating: 0, count: 8 - count) + (back ?? [])
  let number = { (part: ArraySlice<UInt16>) in part.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
  return IPAddress(high: number(groups[..<4]), low: number(groups[4...]))
}

private func readGroup(_ text: Text) throws(AddressTextFlaw) -> UInt16 {
  guard !text.isEmpty else { throw AddressTextFlaw("a group is empty") }
  guard text.count <= 4 else { throw AddressTextFlaw("a group has at most four digits") }
  var value: UInt16 = 0
  for character in text {
    guard let digit = Character(Unicode.Scalar(character)).hexDigitValue else {
      throw AddressTextFlaw("a group has hexadecimal digits only")
    }
    value = value << 4 | UInt16(digit)
  }
  return value
}
