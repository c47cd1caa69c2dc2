import FilterKit

/// The addresses of a list of CIDR blocks, as sorted ranges that do not touch: a look-up is two binary searches at most.
///
/// The ranges lie in memory of the owner.
struct AddressRanges: BitwiseCopyable, @unchecked Sendable {
  private struct Bounds: BitwiseCopyable {
    var first: UInt128
    var last: UInt128
  }

  // IPv4 has ranges of its own: the block ::/0 covers the numbers of the v4-mapped addresses but does not hold them.
  private let v4: UnsafePointer<Bounds>
  private let v4Count: Int
  private let v6: UnsafePointer<Bounds>
  private let v6Count: Int

  init(_ blocks: [CIDR]) {
    (v4, v4Count) = Self.merged(blocks.filter { $0.network.isV4 })
    (v6, v6Count) = Self.merged(blocks.filter { !$0.network.isV4 })
  }

  /// Gives the memory back. Called once, by the owner.
  func deallocate() {
    v4.deallocate()
    v6.deallocate()
  }

  @inline(__always) func contains(_ address: IPAddress) -> Bool {
    let number = UInt128(address)
    return address.isV4 ? Self.contains(number, v4, v4Count) : Self.contains(number, v6, v6Count)
  }

  private static func contains(_ number: UInt128, _ ranges: UnsafePointer<Bounds>, _ count: Int) -> Bool {
    var low = 0
    var high = count
    // Ends at the first range whose last address is not below the number.
    while low < high {
      let middle = (low &+ high) >> 1
      if ranges[middle].last < number { low = middle &+ 1 } else { high = middle }
    }
    return low < count && ranges[low].first <= number
  }

  private static func merged(_ blocks: [CIDR]) -> (UnsafePointer<Bounds>, Int) {
    var merged: [Bounds] = []
    for bounds in blocks.map(Self.bounds).sorted(by: { $0.first < $1.first }) {
      if let last = merged.last, bounds.first <= last.last {
        merged[merged.count - 1].last = max(last.last, bounds.last)
      } else {
        merged.append(bounds)
      }
    }
    let memory = UnsafeMutablePointer<Bounds>.allocate(capacity: max(1, merged.count))
    memory.initialize(from: merged, count: merged.count)
    return (UnsafePointer(memory), merged.count)
  }

  private static func bounds(_ block: CIDR) -> Bounds {
    let first = UInt128(block.network)
    let hostBits = (block.network.isV4 ? 32 : 128) - block.prefixLength
    return Bounds(first: first, last: hostBits == 128 ? .max : first | (1 << UInt128(hostBits) - 1))
  }
}

extension UInt128 {
  fileprivate init(_ address: IPAddress) { self = Self(address.high) << 64 | Self(address.low) }
}
