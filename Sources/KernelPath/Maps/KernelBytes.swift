import FilterKit

/// An address as the kernel's maps hold it: 16 bytes in network order.
struct KernelBytes: BitwiseCopyable {
  private let high: UInt64
  private let low: UInt64

  init(_ ip: IPAddress) {
    high = ip.high.bigEndian
    low = ip.low.bigEndian
  }

  /// The same bytes as a C array.
  var array: C16 { unsafeBitCast(self, to: C16.self) }

  typealias C16 = (
    UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8
  )

  /// The address that a C array holds.
  static func address(_ array: C16) -> IPAddress {
    let (high, low) = unsafeBitCast(array, to: (UInt64, UInt64).self)
    return IPAddress(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
  }
}
