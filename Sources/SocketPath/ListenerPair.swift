import FilterKit

/// One worker's share of the listening address: a socket of either family, or of both.
struct ListenerPair: ~Copyable {
  private var v4: Listener?
  private var v6: Listener?
  private let v4Number: Int32?
  private let v6Number: Int32?
  private let v4Address: LocalAddress?
  private let v6Address: LocalAddress?

  init(v4: consuming Listener?, v6: consuming Listener?) {
    (v4Number, v4Address) = (v4?.number, v4?.fixed ?? nil)
    (v6Number, v6Address) = (v6?.number, v6?.fixed ?? nil)
    self.v4 = v4
    self.v6 = v6
  }

  /// The descriptor of a family's socket.
  @inline(__always) func number(isV4: Bool) -> Int32? { isV4 ? v4Number : v6Number }

  /// The one address that a family's packets come to, or nil where the packets tell.
  @inline(__always) func fixedAddress(isV4: Bool) -> LocalAddress? { isV4 ? v4Address : v6Address }

  /// Packets that the sockets had no room for since the last call.
  mutating func newDrops() -> UInt64 { (v4?.newDrops() ?? 0) + (v6?.newDrops() ?? 0) }
}
